"""From the words of a training to all its settings: which backbone it has, and what contradicts it."""

import logging
import shlex
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from patherea_core.checkpoint import load_bundle
from patherea_core.config import Model, Recipe
from patherea_core.errors import InputError
from patherea_core.progress import Silent
from patherea_core.recipes import RECIPES
from patherea_core.workflow.run.folder import RunFolder
from plugin.commands import train_detector
from plugin.commands.foundation_choice import FoundationChoice
from plugin.commands.train_request import TrainRequest
from plugin.commands.train_settings import say_which_backbone, settings_of
from plugin.commands.train_words import provenance_of
from plugin.shell import SUBCOMMANDS
from plugin.shell.parser import shell_parser
from tests.core.workflow.cells import TINY, write_cells
from tests.plugin.backbone_files import backbone_file
from tests.plugin.bundles import write_model

WANTED = TrainRequest(dataset=Path("cells"), out=Path("run"))

#: What a backbone learns by that a person pretrained.
AT_ONE_RATE = RECIPES["small-pretrained"].training.model_copy(update={"backbone_rate_factor": 1.0})

#: Writes a file whose card alone is read.
card_file = partial(backbone_file, whole=False)


def command_of(request: TrainRequest) -> str:
    return str(provenance_of(request, settings_of(request), "0")["command"])


@pytest.mark.parametrize("architecture", ["test_convnext", "test_vit", "resnet10t"])
def test_weights_that_say_of_what_they_are_need_no_recipe(
    architecture: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    request = replace(WANTED, backbone_weights=card_file(tmp_path, architecture))
    recipe = settings_of(request)
    assert recipe.network.backbone == architecture
    assert (recipe.network.backbone_options, recipe.network.frozen_norm) == ({}, False)
    assert recipe.training == AT_ONE_RATE
    assert request.recipe_name == "small-pretrained on the backbone in backbone.safetensors"
    with caplog.at_level(logging.INFO):
        say_which_backbone(request, recipe)
    (said,) = caplog.messages
    assert f"in backbone.safetensors, which is {architecture}, 8 pixels a site" in said
    # Others have no statistics to keep, or not to keep.
    assert ("frozen_norm off" in said) == (architecture == "resnet10t")
    assert said.endswith("backbone_rate_factor 1")


def test_a_backbone_that_is_named_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    request = replace(WANTED, backbone="test_convnext", backbone_weights="hub")
    with caplog.at_level(logging.INFO):
        say_which_backbone(request, settings_of(request))
    (said,) = caplog.messages
    assert said.startswith("the recipe is small-pretrained on test_convnext, 8 pixels a site")
    assert said.endswith("backbone_rate_factor 0.3")


@pytest.mark.parametrize("model", ["p2p", "fcrn"])
@pytest.mark.parametrize("changes", [{}, {"backbone": "resnet10t"}])
def test_weights_that_end_early_serve_a_backbone_that_ends_there(
    model: Model, changes: dict[str, Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    short = ("layer4", "fc")
    path = card_file(tmp_path, "resnet10t", mpp=None, absent=short, folded_norm=True)
    request = replace(WANTED, backbone_weights=path, model=model, **changes)
    network = settings_of(request).network
    assert (network.coarsest_stride, network.frozen_norm) == (16, True)
    with caplog.at_level(logging.INFO):
        say_which_backbone(request, settings_of(request))
    assert "coarsest_stride 16, frozen_norm on" in caplog.text
    whole = card_file(tmp_path, "resnet10t", mpp=None, absent=("fc",))
    assert settings_of(replace(request, backbone_weights=whole)).network.coarsest_stride == 32
    none = card_file(tmp_path, "resnet10t", mpp=None, absent=("layer1",))
    with pytest.raises(InputError, match="lack layer1 of resnet10t, which a detector needs"):
        settings_of(replace(request, backbone_weights=none))


def test_the_default_backbone_of_a_pretraining_learns_as_all_else_unless_the_recipe_is_named(
    tmp_path: Path,
) -> None:
    options = {"pad_type": "same"}
    path = card_file(tmp_path, "mobilenetv2_100", backbone_options=options)
    plain = RECIPES["small-pretrained"]
    recipe = settings_of(replace(WANTED, backbone_weights=path))
    learning = plain.network.model_copy(update={"frozen_norm": False})
    assert recipe == plain.model_copy(update={"network": learning, "training": AT_ONE_RATE})
    named = replace(WANTED, recipe="small-pretrained", backbone_weights=path)
    assert settings_of(named) == plain
    assert named.recipe_name == "small-pretrained"


def test_weights_that_were_converted_say_what_they_are_too(tmp_path: Path) -> None:
    options = {"pad_type": "same"}
    path = card_file(
        tmp_path, "mobilenetv2_100", mpp=None, backbone_options=options, folded_norm=True
    )
    assert settings_of(replace(WANTED, backbone_weights=path)) == RECIPES["small-pretrained"]


def test_published_weights_of_a_foundation_model_go_by_its_name(tmp_path: Path) -> None:
    path = card_file(tmp_path, "vit_small_patch14_dinov2", mpp=None)
    request = replace(WANTED, backbone_weights=path)
    with pytest.raises(InputError, match=r"may be dinov2-s: say --foundation dinov2-s, or --backb"):
        settings_of(request)
    frozen = settings_of(replace(request, foundation=FoundationChoice(name="dinov2-s"))).network
    assert (frozen.backbone, frozen.frozen_backbone) == ("dinov2-s", True)
    thawed = settings_of(replace(request, backbone="vit_small_patch14_dinov2")).network
    assert (thawed.adapter.attention_heads, thawed.frozen_backbone) == (6, False)
    own = card_file(tmp_path, "vit_small_patch14_dinov2", mpp=0.5)
    assert settings_of(replace(request, backbone_weights=own)).network == thawed


@pytest.mark.parametrize(("mpp", "stride"), [(0.25, 8), (0.5, 8), (1.0, 4)])
def test_the_pixels_of_a_pretraining_set_how_fine_the_sites_are(
    mpp: float, stride: int, tmp_path: Path
) -> None:
    path = card_file(tmp_path, "resnet10t", mpp=mpp)
    assert settings_of(replace(WANTED, backbone_weights=path)).network.feature_stride == stride
    of_maps = settings_of(replace(WANTED, backbone_weights=path, model="fcrn")).network
    assert of_maps.proximity is not None
    assert of_maps.proximity.radius * mpp == 4.0


def test_a_recipe_that_is_named_has_the_sites_that_it_says(tmp_path: Path) -> None:
    path = card_file(tmp_path, "resnet10t", mpp=1.0)
    named = replace(WANTED, recipe="paper-pretrained", backbone="resnet10t", backbone_weights=path)
    recipe = settings_of(named)
    paper = RECIPES["paper-pretrained"]
    network = paper.network.model_copy(update={"backbone": "resnet10t"})
    assert recipe == paper.model_copy(update={"network": network})


def test_a_recipe_that_the_weights_contradict_is_refused_with_the_way_out(tmp_path: Path) -> None:
    path = card_file(tmp_path, "resnet10t")
    request = replace(WANTED, recipe="small-pretrained", backbone_weights=path)
    expected = (
        "holds resnet10t, and the recipe names mobilenetv2_100; name another file, leave the recipe out, or"
        " say --backbone resnet10t"
    )
    with pytest.raises(InputError, match=expected):
        settings_of(request)
    assert settings_of(replace(request, backbone="resnet10t")).network.backbone == "resnet10t"
    assert settings_of(replace(request, recipe=None)).network.backbone == "resnet10t"


@pytest.mark.parametrize(
    ("recipe", "way_out"),
    [
        (None, "leave --backbone out, or name another file"),
        ("paper-pretrained", "say --backbone res"),
    ],
)
def test_a_backbone_that_the_weights_contradict_is_refused_in_words_of_the_shell(
    recipe: str | None, way_out: str, tmp_path: Path
) -> None:
    path = card_file(tmp_path, "resnet10t")
    request = replace(WANTED, recipe=recipe, backbone="resnet18", backbone_weights=path)
    with pytest.raises(
        InputError, match=f"holds resnet10t, and --backbone says resnet18; {way_out}"
    ):
        settings_of(request)


def test_what_is_no_file_of_weights_says_which_one_is_meant(tmp_path: Path) -> None:
    request = replace(WANTED, backbone_weights=tmp_path)
    with pytest.raises(InputError, match="is a folder; name a file of weights"):
        settings_of(request)
    path = card_file(tmp_path, "resnet10t")
    with pytest.raises(InputError, match=f"is a folder; its backbone is {path}: name that"):
        settings_of(request)


@pytest.mark.parametrize(
    ("changes", "recipe"),
    [
        ({}, "small"),
        ({"backbone_weights": "hub"}, "small-pretrained"),
        ({"recipe": "paper"}, "paper"),
        ({"recipe": "small-pretrained", "backbone_weights": "hub"}, "small-pretrained"),
    ],
)
def test_a_backbone_that_is_named_takes_the_place_of_the_recipes(
    changes: dict[str, Any], recipe: str
) -> None:
    request = replace(WANTED, backbone="test_convnext", **changes)
    found = settings_of(request)
    assert found.network.backbone == "test_convnext"
    assert (found.network.backbone_options, found.network.frozen_norm) == ({}, False)
    assert found.training == RECIPES[recipe].training
    assert request.recipe_name == f"{recipe} on test_convnext"


def test_a_recipes_own_backbone_may_be_named_and_changes_nothing() -> None:
    request = replace(WANTED, recipe="small-pretrained", backbone="mobilenetv2_100")
    assert settings_of(request) == RECIPES["small-pretrained"]
    # A tag of timm may be one of weights with other options.
    tagged = replace(request, backbone="mobilenetv2_100.ra_in1k")
    assert settings_of(tagged).network.backbone_options == {}


@pytest.mark.parametrize("recipe", ["small-pretrained", None])
def test_weights_that_are_fetched_by_name_take_no_options_of_a_recipe(recipe: str | None) -> None:
    request = replace(WANTED, recipe=recipe, backbone="mobilenetv2_100", backbone_weights="hub")
    network = settings_of(request).network
    assert (network.backbone_options, network.frozen_norm) == ({}, False)


def test_the_options_of_weights_go_before_those_of_the_recipe_if_the_backbone_is_named(
    tmp_path: Path,
) -> None:
    path = card_file(tmp_path, "mobilenetv2_100", mpp=None)
    named = replace(WANTED, recipe="small-pretrained", backbone_weights=path)
    with pytest.raises(InputError, match="say --backbone mobilenetv2_100, which takes theirs"):
        settings_of(named)
    network = settings_of(replace(named, backbone="mobilenetv2_100")).network
    assert network.backbone_options == {}


def test_weights_that_nobody_says_what_they_are_of_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    for source in (path, "hub"):
        request = replace(WANTED, backbone_weights=source)
        with pytest.raises(InputError, match=f"the weights {source}: say --backbone NAME, or name"):
            settings_of(request)
        assert settings_of(replace(request, backbone="resnet10t")).network.backbone == "resnet10t"


def test_two_backbones_are_one_too_many(tmp_path: Path) -> None:
    request = replace(WANTED, backbone="resnet10t")
    with pytest.raises(InputError, match="--backbone resnet10t and --foundation hibou-b are two"):
        settings_of(replace(request, foundation=FoundationChoice(name="hibou-b")))
    base = write_model(tmp_path / "base.safetensors")
    with pytest.raises(InputError, match="leave --backbone out, or --base-model"):
        settings_of(replace(request, base_model=base))


@pytest.mark.parametrize(
    ("name", "message"),
    [("resnet10x", "timm knows no model 'resnet10x'; resnet10t"), ("uni", "say --foundation uni")],
)
def test_a_name_that_is_none_is_refused_before_the_dataset_is_looked_at(
    name: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        train_detector.run(replace(WANTED, backbone=name), Silent())


def said_again(request: TrainRequest) -> TrainRequest:
    """Return the request that the words of a model's card come to, the weights lying where they lay."""
    options = shell_parser(SUBCOMMANDS).parse_args(shlex.split(command_of(request))[1:])
    weights = request.backbone_weights
    assert str(options.backbone_weights or None) == (
        weights.name if isinstance(weights, Path) else str(weights)
    )
    return replace(
        WANTED, recipe=options.recipe, backbone=options.backbone, backbone_weights=weights
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"backbone": "resnet10t"}, "--recipe small --backbone resnet10t"),
        ({"backbone": "resnet10t", "backbone_weights": "hub"}, "--backbone resnet10t"),
        ({"backbone": "resnet10t", "recipe": "paper"}, "--recipe paper --backbone resnet10t"),
    ],
)
def test_the_words_of_the_card_come_to_the_same_settings(
    changes: dict[str, Any], words: str
) -> None:
    request = replace(WANTED, **changes)
    assert f"--out run {words} --fold" in command_of(request)
    assert settings_of(said_again(request)) == settings_of(request)


def test_so_do_those_of_weights_that_say_what_they_are(tmp_path: Path) -> None:
    options = {"pad_type": "same"}
    path = card_file(tmp_path, "test_efficientnet", mpp=1.0, backbone_options=options)
    request = replace(WANTED, backbone_weights=path)
    assert "--out run --backbone test_efficientnet --fold" in command_of(request)
    assert settings_of(said_again(request)) == settings_of(request)


@pytest.mark.slow  # trains for some seconds
@pytest.mark.parametrize("architecture", ["test_convnext", "test_vit"])
def test_a_pretrained_backbone_is_trained_on_stopped_and_gone_on_with(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = TINY.training.model_copy(update={"initialisation": "pretrained", "epochs": 1})
    network = RECIPES["small-pretrained"].network
    little = TINY.model_copy(update={"training": training, "network": network})
    monkeypatch.setitem(RECIPES, "small-pretrained", little)
    write_cells(tmp_path / "cells", samples=2, side=64, count=6)
    request = TrainRequest(
        dataset=tmp_path / "cells",
        out=tmp_path / "run",
        backbone_weights=backbone_file(tmp_path, architecture),
        device="cpu",
    )
    model = train_detector.run(request, Silent())
    written = Recipe.model_validate_json(RunFolder(request.out).recipe.read_bytes())
    card = load_bundle(model).card
    assert written == card.recipe == settings_of(request)
    assert card.recipe.network.backbone == architecture
    assert card.provenance["recipe"].endswith("on the backbone in backbone.safetensors")
    model.unlink()
    assert train_detector.run(replace(request, resume=True), Silent()).exists()
    with pytest.raises(InputError, match="was started with"):
        train_detector.run(
            replace(request, resume=True, recipe="small", backbone_weights=None), Silent()
        )
