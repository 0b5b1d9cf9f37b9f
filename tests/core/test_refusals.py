"""What was refused is said by its place and in our words."""

import json

import pytest
from pydantic import ValidationError

from patherea_core.config import Recipe
from patherea_core.refusals import refusal, unsaid


def refused(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    with pytest.raises(ValidationError) as caught:
        Recipe.model_validate_json(text)
    return refusal(caught.value, Recipe)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"training": {"epocs": 5}}, "training.epocs is unknown; is training.epochs meant?"),
        ({"epochs": 5}, "epochs is unknown; is training.epochs meant?"),
        ({"zebra": 5}, "zebra is unknown"),
        (
            {"training": {"epochs": "ten"}},
            "training.epochs must be a whole number, not 'ten'",
        ),
        ({"training": {"epochs": 0}}, "training.epochs must be 1 or more, not 0"),
        ({"training": {"epochs": 1.5}}, "training.epochs must be a whole number, not 1.5"),
        ({"training": {"learning_rate": 0}}, "training.learning_rate must be more than 0, not 0"),
        ({"training": {"tile_size": 50}}, "training.tile_size must be a multiple of 32, not 50"),
        ({"training": 3}, "training must be settings by name, in braces, not 3"),
        ({"training": {"stain": "blue"}}, "training.stain must be 'H&E' or 'H-DAB', not 'blue'"),
        ({"network": {"fpn": "so"}}, "network.fpn must be true or false, not 'so'"),
    ],
)
def test_the_setting_and_what_it_must_be_are_named(content: object, said: str) -> None:
    assert refused(content) == said


def test_what_is_no_json_is_said_so() -> None:
    assert refused("{").startswith("it is no JSON (")


def test_a_long_value_is_cut() -> None:
    assert len(refused({"training": ["a"] * 100})) < 120


def test_what_a_file_leaves_unsaid_is_named_by_section_or_with_its_value() -> None:
    recipe = Recipe.model_validate({"network": {}, "decoding": {"score_threshold": 0.5}})
    found = list(unsaid(recipe))
    assert "network.backbone convnext_base" in found
    assert "all of training" in found
    assert "decoding.least_distance_um 0.0" in found
    assert not any("score_threshold" in one for one in found)


def test_settings_that_say_everything_leave_nothing_unsaid() -> None:
    assert not list(unsaid(Recipe.model_validate_json(Recipe().model_dump_json())))
