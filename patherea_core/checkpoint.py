"""Model bundles: one safetensors file with the weights and, in its header, everything needed to use them.

A bundle never holds a pickle, so opening one runs no code; its weights are checked against the digest
that its card names.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from patherea_core.config import Count, NotNegative, Positive, Probability, Recipe, Settings
from patherea_core.errors import BundleError
from patherea_core.files import replacing
from patherea_core.model.network import P2PNetwork
from patherea_core.taxonomy import CellClass, Taxonomy

#: Key of the card in the safetensors header.
_CARD = "patherea"

#: Halo in working pixels at which a trained network of this form decided no cell of 1329 differently.
DEFAULT_HALO = 192


class ClassCard(Settings):
    """One cell class as a bundle records it."""

    name: str
    color: str


class BundleCard(Settings):
    """What is known of a model besides its weights."""

    schema_version: Literal[1] = 1
    recipe: Recipe
    classes: tuple[ClassCard, ...]
    mpp: Positive
    """Working pixel size in micrometres."""
    score_threshold: Probability
    """Least probability of a detection."""
    halo: NotNegative = DEFAULT_HALO
    """Working pixels that a tile must see around the part it answers for."""
    parameters: Count
    """Numbers in the weights."""
    seed: int
    """Root of every random choice of the training."""
    provenance: dict[str, Any]
    """Where the model comes from: dataset digest, annotations and versions, program version, date."""
    metrics: dict[str, float | None]
    """Scores on the validation fold."""
    weights_sha256: str
    """Digest of the weights."""

    @property
    def taxonomy(self) -> Taxonomy:
        """The classes that the model tells apart."""
        return Taxonomy(tuple(CellClass(item.name, item.color) for item in self.classes))


@dataclass(frozen=True, slots=True, eq=False)
class ModelBundle:
    """Weights by name, and their card."""

    state: Mapping[str, Tensor]
    card: BundleCard

    @property
    def taxonomy(self) -> Taxonomy:
        """The classes that the model tells apart."""
        return self.card.taxonomy


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """Return the sha256 of all tensors with their names, types and shapes, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def save_bundle(path: Path, bundle: ModelBundle) -> None:
    """Write a bundle in one file, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in bundle.state.items()}
    with replacing(path) as temporary:
        save_file(tensors, temporary, metadata={_CARD: bundle.card.model_dump_json()})


def read_card(path: Path) -> BundleCard:
    """Return the card of a bundle without reading its weights.

    Raises:
        BundleError: the file is missing, a pickle, truncated, or no bundle of ours.
    """
    _refuse_pickle(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise BundleError(_broken(path, error)) from error
    if _CARD not in metadata:
        raise BundleError(f"{path} holds weights but no model card; it was not written by Patherea")
    try:
        return BundleCard.model_validate(json.loads(metadata[_CARD]))
    except (ValidationError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BundleError(
            f"the model card of {path} cannot be read ({reason}); it may be of another version of"
            " Patherea: use that one, or train the model again"
        ) from error


def load_bundle(path: Path) -> ModelBundle:
    """Read a bundle and check its weights against the digest in its card.

    Raises:
        BundleError: as ``read_card``, or the weights are not those that the card names.
    """
    card = read_card(path)
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  no mapping
    except (SafetensorError, OSError) as error:
        raise BundleError(_broken(path, error)) from error
    if weights_digest(state) != card.weights_sha256:
        raise BundleError(
            f"the weights in {path} are not those its card names; fetch the file again"
        )
    return ModelBundle(state, card)


def build_network(bundle: ModelBundle) -> P2PNetwork:
    """Return the network of a bundle, ready for inference on the CPU.

    Raises:
        BundleError: the weights do not fit the network that the card describes.
    """
    network = P2PNetwork(bundle.card.recipe.network, len(bundle.taxonomy))
    try:
        network.load_state_dict(dict(bundle.state))
    except RuntimeError as error:
        name = bundle.card.recipe.network.backbone
        raise BundleError(
            f"the weights do not fit the network that the card names ({name})"
        ) from error
    return network.eval()


def _refuse_pickle(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise BundleError(f"the model {path} cannot be opened: {error.strerror}") from error
    # Eight bytes of length and a brace begin every safetensors file; the first byte of the length may
    # well be that of a pickle.
    is_safetensors = start[8:] == b"{"
    if not is_safetensors and start.startswith((b"PK\x03\x04", b"\x80")):
        raise BundleError(
            f"{path} is a pickle or an archive (.pt, .pth, .ckpt), which can run code when opened;"
            " a model must be a .safetensors bundle written by Patherea"
        )


def _broken(path: Path, error: Exception) -> str:
    return f"{path} is no readable safetensors file, perhaps cut short ({error}); fetch it again"
