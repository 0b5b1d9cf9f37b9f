"""The recipes that a user can name."""

import pytest

from patherea_core.config import Model
from patherea_core.errors import InputError
from patherea_core.model.building import build_detector
from patherea_core.model.network import P2PNetwork
from patherea_core.recipes import (
    PAPER,
    PAPER_PRETRAINED,
    PAPER_VIT,
    RECIPES,
    SMALL,
    SMALL_PRETRAINED,
    as_model,
    mpp_of,
    recipe_named,
)


def test_the_paper_recipe_has_the_papers_settings() -> None:
    assert PAPER.network.backbone == "convnext_base"
    assert (PAPER.network.feature_stride, PAPER.network.fpn_channels) == (8, 256)
    assert PAPER.network.anchors_per_side**2 == 4
    assert (PAPER.assignment.distance_weight, PAPER.assignment.proposals_per_target) == (0.05, 6)
    assert (PAPER.loss.background_weight, PAPER.loss.cell_weight) == (0.5, 10)
    assert (PAPER.loss.regression_weight, PAPER.loss.one_to_many_weight) == (2e-3, 0.5)
    training = PAPER.training
    assert (training.learning_rate, training.weight_decay, training.batch_size) == (1e-4, 2e-3, 16)
    assert (training.tile_size, training.epochs) == (224, 100)


def test_the_small_recipe_is_small() -> None:
    network = P2PNetwork(SMALL.network, 3)
    assert sum(parameter.numel() for parameter in network.parameters()) < 6e6


def test_recipes_that_want_weights_say_so_in_their_names_or_are_those_of_the_transformer() -> None:
    wanting = [name for name, one in RECIPES.items() if one.training.initialisation == "pretrained"]
    assert wanting == ["small-pretrained", "paper-pretrained", "paper-vit", "paper-fcrn"]


def test_the_papers_recipes_differ_in_backbone_and_beginning_only() -> None:
    assert PAPER_PRETRAINED.network == PAPER.network
    assert PAPER_PRETRAINED.loss == PAPER_VIT.loss == PAPER.loss
    assert PAPER_VIT.training == PAPER_PRETRAINED.training
    assert PAPER_VIT.network.backbone == "vit_base_patch16_224"


def test_the_small_pretrained_network_is_small_enough_to_be_passed_on() -> None:
    network = P2PNetwork(SMALL_PRETRAINED.network, 3)
    assert 4 * sum(parameter.numel() for parameter in network.parameters()) < 25e6


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name(name: str) -> None:
    assert recipe_named(name) is RECIPES[name]


def test_an_unknown_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(InputError, match="the recipes are: paper, small"):
        recipe_named("huge")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_of_the_other_kind_differs_in_kind_and_decoding_only(name: str) -> None:
    recipe = RECIPES[name]
    own = recipe.network.model
    other: Model = "p2p" if own == "fcrn" else "fcrn"
    turned = as_model(recipe, other)
    assert as_model(recipe, own) is recipe
    assert turned.network.model == other
    assert turned.decoding.score_threshold is None
    assert turned.decoding.least_distance_um > 0
    same = {"network": recipe.network, "decoding": recipe.decoding}
    assert turned.model_copy(update=same) == recipe
    there = {"proximity", "feature_stride"}
    assert turned.network.model_dump(exclude=there) == recipe.network.model_dump(exclude=there)


@pytest.mark.parametrize("name", RECIPES)
def test_maps_have_a_radius_of_four_micrometres(name: str) -> None:
    proximity = as_model(RECIPES[name], "fcrn", mpp_of(name)).network.proximity
    assert proximity is not None
    assert proximity.radius * mpp_of(name) == 4.0
    assert mpp_of(name) == (0.25 if name.startswith("paper") else 0.5)


def test_both_kinds_are_networks_of_about_one_size() -> None:
    sizes = [
        sum(parameter.numel() for parameter in build_detector(one.network, 3).parameters())
        for one in (SMALL_PRETRAINED, as_model(SMALL_PRETRAINED, "fcrn"))
    ]
    assert max(sizes) < 1.5 * min(sizes)
