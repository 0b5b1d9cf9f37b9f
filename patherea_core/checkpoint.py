"""Model bundles: one safetensors file with the weights and, in its header, everything needed to use them.

A bundle never holds a pickle, so opening one runs no code; its weights are checked against the digest
that its card names, and the card against its own. Where the backbone was not trained, a bundle may leave
its weights out and name them by their digest.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from patherea_core.bundle_card import (
    DEFAULT_HALO,
    BaseModelCard,
    BundleCard,
    CardWords,
    ClassCard,
    InitialWeights,
)
from patherea_core.bundle_file import broken, header_of, read_card, weights_file
from patherea_core.errors import BundleError, InputError
from patherea_core.files import replacing
from patherea_core.model.building import build_detector
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.model.pretrained import BackboneWeights, initialise, read_backbone_weights
from patherea_core.taxonomy import Taxonomy

__all__ = [
    "DEFAULT_HALO",
    "BaseModelCard",
    "BundleCard",
    "CardWords",
    "ClassCard",
    "InitialWeights",
    "ModelBundle",
    "build_network",
    "load_bundle",
    "read_card",
    "save_bundle",
    "weights_digest",
]


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
        save_file(tensors, temporary, metadata=header_of(bundle.card))


def load_bundle(path: Path) -> ModelBundle:
    """Read a bundle, a file or a folder, and check its weights against the digest in its card.

    Raises:
        BundleError: as ``read_card``, or the weights are not those that the card names.
    """
    file = weights_file(path)
    card = read_card(file)
    try:
        with safe_open(file, framework="pt") as tensors:
            state = {name: tensors.get_tensor(name) for name in tensors.keys()}  # noqa: SIM118  no mapping
    except (SafetensorError, OSError) as error:
        raise BundleError(broken(file, error)) from error
    if weights_digest(state) != card.weights_sha256:
        raise BundleError(
            f"the weights in {file} are not those its card names; fetch the file again"
        )
    return ModelBundle(state, card)


def build_network(
    bundle: ModelBundle, backbone_weights: Path | Literal["hub"] | None = None
) -> DetectorNetwork:
    """Return the network of a bundle, ready for inference on the CPU.

    Args:
        bundle: weights and card.
        backbone_weights: the file that the backbone started from, or "hub" to fetch it by the backbone's
            name, for a bundle that leaves it out.

    Raises:
        BundleError: the weights do not fit the network that the card describes, or the backbone's are
            needed and missing, or they are others than the card names.
        InputError: the file of the backbone's weights cannot be read.
    """
    card = bundle.card
    network = build_detector(card.recipe.network, len(bundle.taxonomy))
    if card.backbone_sha256 is not None:
        initialise(network.backbone, _named_weights(card, card.backbone_sha256, backbone_weights))
    try:
        if card.backbone_sha256 is None:
            network.load_state_dict(dict(bundle.state))
        else:
            network.load_trained_state(bundle.state)
    except (RuntimeError, InputError) as error:
        name = card.recipe.network.backbone
        raise BundleError(
            f"the weights do not fit the network that the card names ({name})"
        ) from error
    return network.eval()


def _named_weights(
    card: BundleCard, sha256: str, source: Path | Literal["hub"] | None
) -> BackboneWeights:
    """Return the weights of the backbone, if they are those that the card names by their digest."""
    origin = card.initial_weights.origin if card.initial_weights else "not said"
    if source is None:
        raise BundleError(
            f"the model holds its trained part only: get the weights of its backbone"
            f" {card.recipe.network.backbone} (origin: {origin}; sha256 {sha256}) and name their file"
            " with --backbone-weights, or --backbone-weights hub to fetch them"
        )
    weights = read_backbone_weights(source, card.recipe.network)
    if weights.sha256 != sha256:
        raise BundleError(
            f"{source} has the sha256 {weights.sha256}, but the model was trained on {sha256} (origin:"
            f" {origin}); name that file with --backbone-weights"
        )
    return weights
