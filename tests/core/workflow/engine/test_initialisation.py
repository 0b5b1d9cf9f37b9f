"""A training starts from weights exactly when its recipe says so, and remembers which."""

from pathlib import Path
from typing import Literal

import pytest
from safetensors.torch import save_file

from patherea_core.config import NetworkConfig, Recipe
from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import FOUNDATIONS
from patherea_core.model.pretrained import BackboneWeights
from patherea_core.model.timm_models import created
from patherea_core.progress import Silent
from patherea_core.workflow.engine.initialisation import (
    origin_of,
    warn_of_another_scale,
    weights_to_start_from,
)
from patherea_core.workflow.fit import FitRequest, fit
from tests.core.workflow.cells import TINY, tiny_for, write_cells

PRETRAINED = TINY.model_copy(
    update={"training": TINY.training.model_copy(update={"initialisation": "pretrained"})}
)


def test_a_recipe_that_wants_weights_says_how_to_give_them() -> None:
    with pytest.raises(InputError, match=r"name their file with --backbone-weights, or say .* hub"):
        weights_to_start_from(PRETRAINED, None)


@pytest.mark.parametrize("name", ["hibou-b", "uni", "dinov2-s"])
def test_without_the_weights_of_a_foundation_model_their_file_is_named(name: str) -> None:
    recipe = PRETRAINED.model_copy(update={"network": NetworkConfig(backbone=name)})
    with pytest.raises(InputError) as refused:
        weights_to_start_from(recipe, None)
    said, foundation = str(refused.value), FOUNDATIONS[name]
    assert f"download {foundation.download} " in said
    assert "name that file with --backbone-weights" in said
    assert ("with an account that was let in" in said) == foundation.gated
    assert "scratch" not in said  # a foundation model at random would be frozen so


@pytest.mark.parametrize("source", [Path("weights.safetensors"), "hub"])
def test_weights_are_not_silently_left_unused(source: Path | Literal["hub"]) -> None:
    with pytest.raises(InputError, match="leave the backbone weights out"):
        weights_to_start_from(TINY, source)


def test_weights_that_do_not_fit_are_refused_before_the_dataset_is_read(tmp_path: Path) -> None:
    write_cells(tmp_path / "cells", samples=2, side=64, count=4)
    for pixels in (tmp_path / "cells" / "images").iterdir():
        pixels.unlink()
    network = TINY.network.model_copy(update={"backbone": "resnet10t", "backbone_options": {}})
    state = created("resnet10t", {}).state_dict()
    del state["layer3.0.conv1.weight"]
    save_file(state, tmp_path / "w.safetensors")
    request = FitRequest(
        dataset=tmp_path / "cells",
        run=tmp_path / "run",
        recipe=PRETRAINED.model_copy(update={"network": network}),
        backbone_weights=tmp_path / "w.safetensors",
        device="cpu",
    )
    with pytest.raises(InputError, match=r"the weights lack 1 of \d+ tensors of the backbone"):
        fit(request, Silent())
    assert not request.run.exists()


def test_a_backbone_at_random_is_not_frozen() -> None:
    network = NetworkConfig(backbone="resnet10t", frozen_backbone=True)
    with pytest.raises(InputError, match="from scratch is at random"):
        weights_to_start_from(Recipe(network=network), None)


def test_from_scratch_nothing_is_read_and_nothing_remembered() -> None:
    assert weights_to_start_from(tiny_for(1), None) is None
    assert origin_of(None) is None


@pytest.mark.parametrize(
    ("learnt_at", "warned"), [(0.25, True), (0.5, False), (0.52, False), (None, False)]
)
def test_a_backbone_that_learnt_at_another_scale_is_warned_of(
    caplog: pytest.LogCaptureFixture, learnt_at: float | None, *, warned: bool
) -> None:
    grey = (0.5, 0.5, 0.5)
    weights = BackboneWeights({}, grey, grey, "a test", "CC0-1.0", "0" * 64, learnt_at)
    warn_of_another_scale(weights, 0.5)
    assert ("was pretrained on pixels of 0.25 µm, and the dataset has 0.5" in caplog.text) == warned
