"""Files of pretrained backbone weights.

Ours is one safetensors file with timm's names, and a card in its header: anybody can read the tensors, and
the card says what else must be known to use them. Files of others are read too, but never run.
"""

import hashlib
import json
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Annotated, Any

import torch
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from patherea_core.bundle_card import BACKBONE_CARD_KEY, CARD_KEY
from patherea_core.config import Settings
from patherea_core.errors import InputError
from patherea_core.files import replacing
from patherea_core.model.pretraining_card import PretrainingCard
from patherea_core.model.weight_places import require_weights_file
from patherea_core.refusals import refusal

#: What reading an old form of pickle raises where bytes of it are lacking or others than they were.
_TORN = (struct.error, AssertionError, AttributeError, IndexError, OverflowError, TypeError)

#: How the index of a file in pieces ends, by the ending of the pieces.
_INDEX_ENDING = ".index.json"

Channels = tuple[float, float, float]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class BackboneCard(Settings):
    """What is known of a file of backbone weights besides its tensors."""

    architecture: str
    """The timm model whose names and shapes the tensors have."""
    backbone_options: dict[str, bool | int | float | str] = Field(default_factory=dict)
    """Arguments of the timm model without which the weights give other features."""
    folded_norm: bool = False
    """Whether batch normalisation is folded into the convolutions, so that its statistics are stand-ins."""
    mean: Channels
    """Mean of the input's channels, on the scale from 0 to 1."""
    std: Channels
    """Standard deviation of the input's channels, on the same scale."""
    licence: str
    """Terms of the weights, and so of what is trained from them."""
    origin: str
    """Where the weights come from."""
    source_sha256: Digest
    """Digest of the file that was converted."""
    absent: tuple[str, ...] = ()
    """First parts of the names of timm's tensors that the file lacks, say ``layer4``."""
    pretraining: PretrainingCard | None = None
    """How the weights were learnt, where this program did that."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightFile:
    """What stands in a file of weights, whoever wrote it.

    Attributes:
        content: the tensors by their names in the file, or what the file wraps them in.
        card: None if the file is not one of ours.
        sha256: digest of the file.
    """

    content: Mapping[str, Any]
    card: BackboneCard | None
    sha256: str


def write_backbone_file(path: Path, state: Mapping[str, Tensor], card: BackboneCard) -> None:
    """Write weights and their card in one file, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with replacing(path) as temporary:
        save_file(
            tensors,
            temporary,
            metadata={BACKBONE_CARD_KEY: card.model_dump_json(exclude_none=True)},
        )


def read_weight_file(path: Path) -> WeightFile:
    """Return the content of a safetensors file or of a saved PyTorch state; no code of it is run.

    Args:
        path: the file, or the index of one in pieces, say ``model.safetensors.index.json``.

    Raises:
        InputError: as ``require_weights_file``, or the file or a piece of it cannot be read, or needs code
            to be read.
    """
    require_weights_file(path)
    if path.name.endswith(_INDEX_ENDING):
        return _read_pieces(path)
    sha256 = file_digest(path)
    if path.suffix == ".safetensors":
        return _read_safetensors(path, sha256)
    try:
        with warnings.catch_warnings():
            # That a file is of an older form of pickle matters to nobody: no pickle of it is run.
            warnings.simplefilter("ignore", UserWarning)
            content: object = torch.load(path, map_location="cpu", weights_only=True)
    except (UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} holds more than tensors, or is damaged, and reading it would run code that stands in"
            " it; save its state_dict alone, with torch.save or as safetensors, where you trust it"
        ) from error
    except _TORN as error:
        raise _damaged(path, error) from error
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds no tensors by name; save the network's state_dict")
    return WeightFile(content, None, sha256)


def read_backbone_card(path: Path) -> BackboneCard | None:
    """Return the card of a file of weights, whose tensors are not read; None if it is not one of ours.

    Raises:
        InputError: as ``require_weights_file``, or the file cannot be read, or is a whole detector.
    """
    require_weights_file(path)
    if path.suffix != ".safetensors":
        return None
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error
    return _card_in(metadata, path)


def _read_safetensors(path: Path, sha256: str) -> WeightFile:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
    except (SafetensorError, OSError) as error:
        raise _damaged(path, error) from error
    return WeightFile(tensors, _card_in(metadata, path), sha256)


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} is damaged ({error}); fetch it again")


def _card_in(metadata: Mapping[str, str], path: Path) -> BackboneCard | None:
    """Return the card in the header of a safetensors file; None if there is none."""
    if CARD_KEY in metadata:
        raise InputError(
            f"{path} is a whole detector, not the weights of a backbone; name the file that its backbone"
            " started from, which `patherea models show` tells"
        )
    written = metadata.get(BACKBONE_CARD_KEY)
    try:
        return BackboneCard.model_validate_json(written) if written else None
    except ValidationError as error:
        raise InputError(
            f"the card in {path} cannot be read ({refusal(error, BackboneCard)}); it may be of another"
            " version of Patherea: convert the published file again"
        ) from error


def _read_pieces(index: Path) -> WeightFile:
    """Return the content of all pieces that an index names; the digest is that of theirs."""
    try:
        names = json.loads(index.read_bytes())["weight_map"]
        pieces = {index.parent / Path(piece).name for piece in names.values()}
    except OSError as error:
        raise InputError(f"{index} cannot be read ({error.strerror}); name an index") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{index} is no index of a file in pieces: it has no weight_map; name a file of weights"
        ) from error
    missing = sorted(piece.name for piece in pieces if not piece.is_file())
    if missing:
        raise InputError(
            f"beside {index} {len(missing)} of {len(pieces)} pieces are missing, {', '.join(missing[:3])};"
            " put all of them there"
        )
    files = [read_weight_file(piece) for piece in sorted(pieces)]
    content = {name: tensor for file in files for name, tensor in file.content.items()}
    if content.keys() != names.keys():
        other = sorted(content.keys() ^ names.keys())
        raise InputError(
            f"{index} names other tensors than its pieces hold, {', '.join(other[:3])}; fetch all of them"
            " anew"
        )
    digests = "\n".join(file.sha256 for file in files)
    return WeightFile(content, None, hashlib.sha256(digests.encode()).hexdigest())


def file_digest(path: Path) -> str:
    """Return the sha256 of a file.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}); name a file of weights"
        ) from error
