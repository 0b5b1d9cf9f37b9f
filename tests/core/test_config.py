"""The defaults are the paper's, and no misspelt or senseless setting passes."""

import math

import pytest
from pydantic import ValidationError

from patherea_core.config import LossConfig, NetworkConfig, ProximityConfig, Recipe, TrainingConfig
from patherea_core.errors import InputError
from patherea_core.recipes import PAPER, RECIPES, recipe_named


def test_the_defaults_are_those_of_the_paper() -> None:
    """Sections 3.1 to 3.3 and 6.1; the 40x datasets where datasets differ."""
    recipe = Recipe()
    network, training = recipe.network, recipe.training
    assert (network.feature_stride, network.fpn_channels, network.anchors_per_side) == (8, 256, 2)
    assert network.one_to_many
    assert recipe.assignment.distance_weight == 0.05
    assert recipe.assignment.proposals_per_target == 6
    assert (recipe.loss.background_weight, recipe.loss.cell_weight) == (0.5, 10)
    assert (recipe.loss.regression_weight, recipe.loss.one_to_many_weight) == (2e-3, 0.5)
    assert (training.tile_size, training.batch_size, training.epochs) == (224, 16, 100)
    assert (training.learning_rate, training.weight_decay) == (1e-4, 2e-3)
    assert recipe.decoding.score_threshold == 0.5
    assert recipe.radius_um == 16 * 0.25
    assert recipe == PAPER


@pytest.mark.parametrize("recipe", [Recipe(), *RECIPES.values()])
def test_settings_can_be_written_without_their_defaults(recipe: Recipe) -> None:
    assert Recipe.model_validate(recipe.model_dump(exclude_defaults=True)) == recipe


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_goes_through_json_unchanged(name: str) -> None:
    recipe = recipe_named(name)
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InputError, match="no recipe 'large'; the recipes are: paper, small"):
        recipe_named("large")


@pytest.mark.parametrize(
    "settings",
    [
        {"epoch": 5},
        {"training": {"epocs": 5}},
        {"training": {"epochs": 0}},
        {"training": {"tile_size": 225}},
        {"training": {"learning_rate": math.inf}},
        {"training": {"precision": "16"}},
        {"network": {"feature_stride": 7}},
        {"decoding": {"score_threshold": 1.5}},
        {"loss": {"background_weight": 0}},
        {"loss": {"regression_weight": -1}},
        {"radius_um": 0},
    ],
)
def test_a_misspelt_or_senseless_setting_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(settings)


@pytest.mark.parametrize("settings", [NetworkConfig(), LossConfig(), TrainingConfig(), Recipe()])
def test_settings_cannot_be_changed(settings: NetworkConfig) -> None:
    name = next(iter(type(settings).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, getattr(settings, name))


def test_a_point_to_point_network_is_written_as_before_there_were_others() -> None:
    assert "proximity" not in Recipe().model_dump()["network"]
    assert "proximity" not in Recipe().model_dump_json()
    drawn = NetworkConfig(proximity=ProximityConfig())
    assert drawn.model_dump()["proximity"] == {"radius": 8.0, "decay": 3.0, "cell_weight": 10.0}
    assert NetworkConfig.model_validate_json(drawn.model_dump_json()) == drawn
    assert (NetworkConfig().model, drawn.model) == ("p2p", "fcrn")
