"""A model bundle for tests that need one, whatever it finds."""

from pathlib import Path

import torch

from patherea_core.checkpoint import BundleCard, ClassCard, ModelBundle, save_bundle, weights_digest
from patherea_core.config import NetworkConfig, Recipe
from patherea_core.model.network import P2PNetwork


def write_model(
    path: Path, *, classes: tuple[str, ...] = ("positive", "negative"), mpp: float = 0.25
) -> Path:
    """Write a bundle of random weights."""
    recipe = Recipe(network=NetworkConfig(backbone="convnext_atto", fpn_channels=16))
    torch.manual_seed(0)
    state = P2PNetwork(recipe.network, len(classes)).state_dict()
    colors = ("#d55e00", "#0072b2", "#009e73")
    card = BundleCard(
        recipe=recipe,
        classes=tuple(
            ClassCard(name=name, color=color) for name, color in zip(classes, colors, strict=False)
        ),
        mpp=mpp,
        score_threshold=0.01,
        halo=32,
        parameters=1,
        seed=0,
        provenance={},
        metrics={},
        weights_sha256=weights_digest(state),
    )
    save_bundle(path, ModelBundle(state, card))
    return path
