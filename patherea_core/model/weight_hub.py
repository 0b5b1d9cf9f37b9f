"""Fetching the weights that timm names for a model from where they are published."""

from pathlib import Path
from typing import Any

import timm
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, LocalEntryNotFoundError
from timm.models._hub import download_cached_file

from patherea_core.errors import InputError
from patherea_core.model.foundation.published import Foundation
from patherea_core.model.foundation.registry import known_foundation

#: Names under which the hub keeps weights, the safest first.
_HUB_FILES = ("model.safetensors", "pytorch_model.bin")


def fetched(name: str) -> Path:
    """Return the file of weights that timm names for a model, or the authors of a foundation model do.

    It is fetched once and then kept by the hub.

    Raises:
        InputError: timm names none, or it cannot be fetched.
    """
    foundation = known_foundation(name)
    if foundation is not None:
        return _published_file(foundation)
    settings: Any = timm.get_pretrained_cfg(name)
    if settings is None or not (settings.hf_hub_id or settings.url):
        raise InputError(f"timm names no weights for {name!r}; give a file of weights instead")
    try:
        if settings.hf_hub_id:
            named = settings.hf_hub_filename
            return _from_hub(settings.hf_hub_id, (named,) if named else _HUB_FILES)
        return Path(download_cached_file(settings.url, progress=False))
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the weights of {name} cannot be fetched ({type(error).__name__}); on a computer with"
            f" access download {_published_at(settings)}, bring the file here, and give its path instead"
            " of 'hub'"
        ) from error


def origin_of(name: str) -> tuple[str, str]:
    """Return where timm says that the weights of a model are published, and under which licence."""
    settings: Any = timm.get_pretrained_cfg(name)
    return _published_at(settings), settings.license or "not stated by timm"


def _published_file(foundation: Foundation) -> Path:
    """Return the file of a foundation model.

    Raises:
        InputError: it is given only to those who ask, or cannot be fetched.
    """
    try:
        if foundation.repository:
            return _from_hub(foundation.repository, foundation.files)
        return Path(download_cached_file(foundation.download, progress=False))
    except GatedRepoError as error:
        raise InputError(
            f"{foundation.title} is given to those who asked: ask at {foundation.page}, then let the"
            f" environment variable HF_TOKEN hold a token of your account there, or download"
            f" {foundation.download} and give its path instead of 'hub'"
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{foundation.title} cannot be fetched ({type(error).__name__}); on a computer with access"
            f" {'and an account that was let in ' if foundation.gated else ''}download"
            f" {foundation.download}, bring the file here, and give its path instead of 'hub'"
        ) from error


def _from_hub(repository: str, files: tuple[str, ...]) -> Path:
    owner_and_name, _, revision = repository.partition("@")
    *first, last = files
    for candidate in first:
        try:
            return Path(hf_hub_download(owner_and_name, candidate, revision=revision or None))
        except LocalEntryNotFoundError:  # the hub is out of reach, which no other name would mend
            raise
        except EntryNotFoundError:
            continue
    return Path(hf_hub_download(owner_and_name, last, revision=revision or None))


def _published_at(settings: Any) -> str:  # noqa: ANN401  timm publishes no types
    if not settings.hf_hub_id:
        return str(settings.url)
    owner_and_name, _, revision = settings.hf_hub_id.partition("@")
    file = settings.hf_hub_filename or _HUB_FILES[0]
    return f"https://huggingface.co/{owner_and_name}/resolve/{revision or 'main'}/{file}"
