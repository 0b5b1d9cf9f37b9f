"""Model bundles for tests that need one, whatever it finds."""

from pathlib import Path
from typing import Any

import pytest
import torch

from patherea_core.bundle_card import BundleCard, CardWords, ClassCard
from patherea_core.checkpoint import ModelBundle, save_bundle, weights_digest
from patherea_core.config import NetworkConfig, Recipe
from patherea_core.model.building import build_detector
from plugin.models import finding

#: What a model that is passed on says.
COMPLETE: dict[str, Any] = {
    "metrics": {"validation_mean_f1": 0.5, "validation_any_class_f1": None},
    "intervals": {"validation_mean_f1": (0.4, 0.6)},
    "provenance": {"dataset_sha256": "0" * 64},
    **CardWords(
        name="model", stain="H&E", tissue="breast", intended_use="Research", licence="MIT"
    ).model_dump(exclude_defaults=True),
}

RECIPE = Recipe(network=NetworkConfig(backbone="test_efficientnet", fpn_channels=16))


def write_model(
    path: Path,
    *,
    classes: tuple[str, ...] = ("positive", "negative"),
    mpp: float = 0.25,
    seed: int = 0,
    recipe: Recipe = RECIPE,
    **more: Any,  # noqa: ANN401  fields of the card
) -> Path:
    """Write a bundle of random weights; its card says nothing but what it must, and ``more``."""
    torch.manual_seed(seed)
    state = build_detector(recipe.network, len(classes)).state_dict()
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
        weights_sha256=weights_digest(state),
        **({"provenance": {}, "metrics": {}} | more),
    )
    save_bundle(path, ModelBundle(state, card))
    return path


def shipping(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> Path:
    """Let empty files of these names be all that ships, and return the last."""
    shipped = folder / "shipped"
    shipped.mkdir()
    for name in names:
        (shipped / f"{name}.safetensors").write_bytes(b"")
    monkeypatch.setattr(finding, "SHIPPED", shipped)
    monkeypatch.delenv(finding.FOLDER_VARIABLE, raising=False)
    return shipped / f"{names[-1] if names else 'none'}.safetensors"
