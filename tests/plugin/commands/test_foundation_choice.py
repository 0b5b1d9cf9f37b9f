"""A training on a foundation model: its recipe, its licence, and what is refused."""

import json

import pytest

from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import FOUNDATIONS
from patherea_core.recipes import RECIPES
from plugin.commands.foundation_choice import FOUNDATION_RECIPE, FoundationChoice, on_foundation
from plugin.commands.list_foundations import run, table, to_dict
from plugin.shell import main


@pytest.mark.parametrize("name", FOUNDATIONS)
def test_the_recipe_freezes_the_model_in_an_adapter_that_suits_it(name: str) -> None:
    plain = RECIPES[FOUNDATION_RECIPE]
    recipe = on_foundation(plain, name)
    network = recipe.network
    assert (network.backbone, network.backbone_options) == (name, {})
    assert network.frozen_backbone
    assert network.adapter.attention_heads == FOUNDATIONS[name].heads
    assert recipe.training.initialisation == "pretrained"
    assert recipe.training.epochs == plain.training.epochs
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


def test_without_a_choice_the_recipe_stays() -> None:
    recipe = RECIPES["small"]
    assert FoundationChoice().applied_to(recipe, on_base_model=True) == recipe
    assert FoundationChoice().recipe_or(None) is None
    assert FoundationChoice(name="uni").recipe_or(None) == FOUNDATION_RECIPE
    assert FoundationChoice(name="uni").recipe_or("small") == "small"


def test_the_licence_is_asked_for_before_anything_else_is_done() -> None:
    with pytest.raises(
        InputError, match=r"CC-BY-NC-ND-4\.0, which forbids .*--accept-licence uni if"
    ):
        FoundationChoice(name="uni").applied_to(RECIPES["small"], on_base_model=False)
    choice = FoundationChoice(name="uni", accepted_licences=("uni",))
    recipe = choice.applied_to(RECIPES["small"], on_base_model=False)
    assert recipe.network.backbone == "uni"
    assert choice.words() == ["--foundation", "uni", "--accept-licence", "uni"]


def test_a_recipe_that_names_the_model_itself_needs_its_licence_too() -> None:
    recipe = on_foundation(RECIPES["small"], "phikon")
    with pytest.raises(InputError, match="Owkin non-commercial licence"):
        FoundationChoice().applied_to(recipe, on_base_model=False)


def test_a_base_model_has_its_own_backbone() -> None:
    with pytest.raises(InputError, match="leave --foundation out, or --base-model"):
        FoundationChoice(name="hibou-b").applied_to(RECIPES["small"], on_base_model=True)


def test_the_list_says_of_each_what_it_is_and_where_to_get_it() -> None:
    text = table(run())
    for one in run():
        (line,) = (row for row in text.splitlines() if row.split("  ")[0] == one.name)
        assert one.page in line
        assert one.terms.name in line
        assert ("*" in line) == one.terms.must_be_accepted
        assert ("†" in line) == one.gated
    facts = to_dict(FOUNDATIONS["dinov2-s"])
    assert facts["download"] == FOUNDATIONS["dinov2-s"].files[0]
    assert facts["sha256"] == FOUNDATIONS["dinov2-s"].sha256


def test_the_shell_lists_them_for_people_and_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "foundations"]) == 0
    assert capsys.readouterr().out == table(run())
    assert main(["models", "foundations", "--format", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in listed] == list(FOUNDATIONS)
    assert [one["name"] for one in listed if one["must_be_accepted"]] == [
        name for name, one in FOUNDATIONS.items() if one.terms.must_be_accepted
    ]
