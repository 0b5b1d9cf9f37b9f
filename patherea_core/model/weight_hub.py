"""Fetching the weights that timm names for a model from where they are published."""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import timm
from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, LocalEntryNotFoundError
from timm.models._hub import download_cached_file, get_cache_dir

from patherea_core.errors import InputError
from patherea_core.model.foundation.published import Foundation
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.model.weight_fitting import BACKBONE_WEIGHTS, WeightsOption

log = logging.getLogger(__name__)

#: Names under which the hub keeps weights, the safest first.
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")

#: Seconds that a server may take to accept a connection, at each of its addresses.
_PATIENCE = 5

#: Where a server of the web listens if its address does not say.
_PORTS = {"http": 80, "https": 443}


def fetched(name: str, option: WeightsOption = BACKBONE_WEIGHTS) -> Path:
    """Return the file of weights that timm names for a model, or the authors of a foundation model do.

    It is fetched once and then kept by the hub.

    Args:
        name: of the model.
        option: how a person names a file instead, for the message.

    Raises:
        InputError: timm names none, or it cannot be fetched.
    """
    foundation = known_foundation(name)
    if foundation is not None:
        return _published_file(foundation, option)
    settings: Any = timm.get_pretrained_cfg(name)
    if settings is None or not (settings.hf_hub_id or settings.url):
        raise InputError(f"timm names no weights for {name!r}; give a file of weights instead")
    try:
        if settings.hf_hub_id:
            named = settings.hf_hub_filename
            return _from_hub(settings.hf_hub_id, (named,) if named else _HUB_FILES)
        return _from_address(settings.url)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the weights of {name} cannot be fetched ({_why(error)}); on a computer with access download"
            f" {_published_at(settings)}, bring the file here, and name it instead of 'hub',"
            f" as in {option} FILE"
        ) from error


def origin_of(name: str) -> tuple[str, str]:
    """Return where timm says that the weights of a model are published, and under which licence."""
    settings: Any = timm.get_pretrained_cfg(name)
    return _published_at(settings), settings.license or "not stated by timm"


def _published_file(foundation: Foundation, option: WeightsOption) -> Path:
    """Return the file of a foundation model.

    Raises:
        InputError: it is given only to those who ask, or cannot be fetched.
    """
    try:
        if foundation.repository:
            return _from_hub(foundation.repository, foundation.files)
        return _from_address(foundation.download)
    except GatedRepoError as error:
        raise InputError(
            f"{foundation.title} is given to those who asked: ask at {foundation.page}, then let the"
            f" environment variable HF_TOKEN hold a token of your account there, or download"
            f" {foundation.download} and name that file instead of 'hub', as in {option} FILE"
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{foundation.title} cannot be fetched ({_why(error)}); on a computer with access"
            f" {'and an account that was let in ' if foundation.gated else ''}download"
            f" {foundation.download}, bring the file here, and name it instead of 'hub',"
            f" as in {option} FILE"
        ) from error


def _from_address(address: str) -> Path:
    """Return the place of a file of the web, which is fetched if it is not there.

    Raises:
        OSError: its server is out of reach, or does not give it.
    """
    kept = Path(get_cache_dir()) / Path(urlsplit(address).path).name
    if kept.exists():
        return kept
    log.info(
        "%s is asked for; that is given up after %d seconds without a connection",
        address,
        _PATIENCE,
    )
    # The client itself waits without end where packets are dropped on the way.
    if not answers(address):
        raise _UnansweredError(urlsplit(address).hostname or address)
    return Path(download_cached_file(address, progress=False))


class _UnansweredError(OSError):
    """The server of that name takes no connection."""


def _from_hub(repository: str, files: tuple[str, ...]) -> Path:
    owner_and_name, _, revision = repository.partition("@")
    *first, last = files
    for candidate in first:
        try:
            return _downloaded(owner_and_name, candidate, revision or None)
        except LocalEntryNotFoundError:  # the hub is out of reach, which no other name would mend
            raise
        except EntryNotFoundError:
            continue
    return _downloaded(owner_and_name, last, revision or None)


def _downloaded(repository: str, file: str, revision: str | None) -> Path:
    """Return the place of a file of the hub, which is fetched if it is not there.

    Raises:
        OSError: the hub is out of reach, it has no such file, or it does not give it.
    """
    kept = try_to_load_from_cache(repository, file, revision=revision)
    if isinstance(kept, str):
        return Path(kept)
    log.info(
        "%s of %s is asked for at %s; that is given up after %d seconds without a connection, and after some"
        " minutes without an answer",
        *(file, repository, constants.ENDPOINT, _PATIENCE),
    )
    # The hub's client tries again for minutes, also where there is no network at all.
    if not answers(constants.ENDPOINT):
        raise LocalEntryNotFoundError(f"{constants.ENDPOINT} does not answer")
    with _quiet_client():
        return Path(hf_hub_download(repository, file, revision=revision))


def answers(address: str) -> bool:
    """Return whether the server of an address takes a connection, or another computer has to reach it."""
    if getproxies():
        return True
    place = urlsplit(address)
    port = place.port or _PORTS.get(place.scheme, 443)
    try:
        socket.create_connection((place.hostname or "", port), _PATIENCE).close()
    except OSError:
        return False
    return True


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Keep the hub's client from telling of each of its attempts, twice."""
    client = logging.getLogger("huggingface_hub")
    level = client.level
    client.setLevel(logging.ERROR)
    try:
        yield
    finally:
        client.setLevel(level)


def _why(error: Exception) -> str:
    """Return why a file cannot be fetched, in few words."""
    if isinstance(error, LocalEntryNotFoundError):
        return f"{urlsplit(constants.ENDPOINT).hostname} cannot be reached"
    if isinstance(error, _UnansweredError):
        return f"{error} cannot be reached"
    return type(error).__name__


def _published_at(settings: Any) -> str:  # noqa: ANN401  timm publishes no types
    if not settings.hf_hub_id:
        return str(settings.url)
    owner_and_name, _, revision = settings.hf_hub_id.partition("@")
    file = settings.hf_hub_filename or _HUB_FILES[0]
    return f"https://huggingface.co/{owner_and_name}/resolve/{revision or 'main'}/{file}"
