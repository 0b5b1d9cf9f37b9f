"""What a training that goes on was told otherwise: the cause, and nothing that follows from it."""

from pathlib import Path

import pytest
import torch

from patherea_core.bundle_card import InitialWeights
from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.recipes import RECIPES
from patherea_core.workflow.run.causes import pretraining_differences, training_differences
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity

SMALL, PRETRAINED = RECIPES["small"], RECIPES["small-pretrained"]
SCRATCH = RunIdentity(dataset_sha256=64 * "a", classes=("cell",), validation_fold=0, seed=3)
WEIGHTS = InitialWeights(sha256=64 * "b", origin="a test", licence="CC0-1.0")
STARTED = SCRATCH.model_copy(update={"backbone_weights": WEIGHTS})


def on(recipe: Recipe, backbone: str, **changes: object) -> Recipe:
    network = recipe.network.model_copy(update={"backbone": backbone, **changes})
    return recipe.model_copy(update={"network": network})


def test_weights_that_are_left_out_are_the_cause_of_another_recipe(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(PRETRAINED, STARTED)
    torch.save({"epoch": 1}, folder.last)
    with pytest.raises(InputError) as refused:
        folder.require_usable(SMALL, SCRATCH, resume=True)
    assert str(refused.value) == (
        f"the run in {tmp_path} was started with --backbone-weights (of digest bbbbbbbbbbbb), which is left"
        " out now: resume it with the same, or name another folder"
    )


def test_weights_that_are_added_are_the_cause_too() -> None:
    found = training_differences((SMALL, SCRATCH), (PRETRAINED, STARTED))
    assert found == ["no --backbone-weights"]


def test_another_seed_is_no_consequence() -> None:
    other = SCRATCH.model_copy(update={"seed": 4})
    cause, seed = training_differences((PRETRAINED, STARTED), (SMALL, other))
    assert cause.startswith("--backbone-weights")
    assert seed == "seed 3, not 4"


def test_of_another_backbone_the_name_is_said_and_what_does_not_follow() -> None:
    begun = on(PRETRAINED, "resnet10t", backbone_options={}, frozen_norm=False, feature_stride=4)
    wider = on(PRETRAINED, PRETRAINED.network.backbone, fpn_channels=128)
    found = training_differences((begun, STARTED), (wider, STARTED))
    assert found == [
        "--backbone resnet10t, not mobilenetv2_100",
        "network.fpn_channels 96, not 128",
    ]


def test_a_foundation_model_is_said_as_one_says_it() -> None:
    begun = on(RECIPES["paper-vit"], "hibou-b"), STARTED
    (cause,) = training_differences(begun, (SMALL, SCRATCH))
    assert cause.startswith("--foundation hibou-b and --backbone-weights (of digest b")
    (name,) = training_differences(begun, (on(RECIPES["paper-vit"], "uni"), STARTED))
    assert name == "--foundation hibou-b, not uni"


def test_of_a_pretraining_on_another_backbone_the_name_is_said_too() -> None:
    begun = PretrainingConfig(backbone="test_vit", method="mae", tile_size=96)
    asked = PretrainingConfig(backbone="resnet10t", decoder_width=64, batch_size=8)
    found = pretraining_differences(begun, asked, (begun.backbone, asked.backbone))
    assert found == ["--backbone test_vit, not resnet10t", "tile_size 96, not 224"]
    same = (begun.backbone, begun.backbone)
    assert pretraining_differences(begun, begun, same) == []
