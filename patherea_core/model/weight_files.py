"""Files of pretrained backbone weights: one safetensors file with timm's names, and a card in its header.

Anybody can read the tensors; the card says what else must be known to use them.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field
from safetensors.torch import save_file
from torch import Tensor

from patherea_core.config import Settings
from patherea_core.errors import InputError
from patherea_core.files import replacing

#: Key of the card in the safetensors header.
CARD_KEY = "patherea-backbone"

Channels = tuple[float, float, float]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class BackboneCard(Settings):
    """What is known of a file of backbone weights besides its tensors."""

    architecture: str
    """The timm model whose names and shapes the tensors have."""
    backbone_options: dict[str, bool | int | float | str] = {}
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


def write_backbone_file(path: Path, state: Mapping[str, Tensor], card: BackboneCard) -> None:
    """Write weights and their card in one file, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={CARD_KEY: card.model_dump_json()})


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
