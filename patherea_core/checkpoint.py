"""Model bundles: one safetensors file with the weights and, in its header, everything needed to use them.

A bundle never holds a pickle, so opening one runs no code; its weights are checked against the digest
that its card names. Where the backbone was not trained, a bundle may leave its weights out and name them
by their digest.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from patherea_core.bundle_card import DEFAULT_HALO, BundleCard, CardWords, ClassCard, InitialWeights
from patherea_core.bundle_file import CARD_KEY, broken, read_card, weights_file
from patherea_core.errors import BundleError
from patherea_core.files import replacing
from patherea_core.model.network import P2PNetwork
from patherea_core.taxonomy import Taxonomy

__all__ = [
    "DEFAULT_HALO",
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
        save_file(tensors, temporary, metadata={CARD_KEY: bundle.card.model_dump_json()})


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


def build_network(bundle: ModelBundle, backbone_weights: Path | None = None) -> P2PNetwork:
    """Return the network of a bundle, ready for inference on the CPU.

    Args:
        bundle: weights and card.
        backbone_weights: the file that the backbone started from, for a bundle that leaves it out.

    Raises:
        BundleError: the weights do not fit the network that the card describes, or the backbone's are
            needed and missing, or they are others than the card names.
        InputError: the file of the backbone's weights cannot be read.
    """
    network = P2PNetwork(bundle.card.recipe.network, len(bundle.taxonomy))
    left_out = _complete(network, bundle.card, backbone_weights)
    try:
        found = network.load_state_dict(dict(bundle.state), strict=not left_out)
    except RuntimeError as error:
        raise BundleError(_unfit(bundle.card)) from error
    if found.unexpected_keys or not set(found.missing_keys) <= left_out:
        raise BundleError(_unfit(bundle.card))
    return network.eval()


def _complete(network: P2PNetwork, card: BundleCard, backbone_weights: Path | None) -> set[str]:
    """Give the network the weights that its bundle leaves out, and return their names."""
    if card.backbone_sha256 is None:
        return set()
    origin = card.initial_weights.origin if card.initial_weights else "unknown"
    if backbone_weights is None:
        raise BundleError(
            f"the model holds its trained part only: fetch the weights of its backbone"
            f" {card.recipe.network.backbone} (origin: {origin}; sha256 {card.backbone_sha256})"
            " and name their file with --backbone-weights"
        )
    from patherea_core.model.pretrained import initialise, read_backbone_weights

    weights = read_backbone_weights(backbone_weights, card.recipe.network)
    if weights.sha256 != card.backbone_sha256:
        raise BundleError(
            f"{backbone_weights} has the sha256 {weights.sha256}, but the model was trained on"
            f" {card.backbone_sha256} (origin: {origin}); name that file with --backbone-weights"
        )
    initialise(network.backbone, weights)
    return set(network.state_dict()) - set(network.trained_state())


def _unfit(card: BundleCard) -> str:
    name = card.recipe.network.backbone
    return f"the weights do not fit the network that the card names ({name})"
