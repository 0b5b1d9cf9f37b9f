"""The card of a bundle: old ones are read, words are added, and what is unsaid is named."""

from typing import Any

import pytest

from patherea_core.bundle_card import BundleCard, CardWords, ClassCard, InitialWeights
from patherea_core.config import Recipe, TrainingConfig

CARD = BundleCard(
    recipe=Recipe(),
    classes=(ClassCard(name="cell", color="#123456"),),
    mpp=0.5,
    score_threshold=0.5,
    parameters=1,
    seed=0,
    provenance={"dataset_sha256": "0" * 64},
    metrics={"validation_mean_f1": 0.5},
    intervals={"validation_mean_f1": (0.4, 0.6)},
    weights_sha256="0" * 64,
)
WORDS = CardWords(name="a", stain="H&E", tissue="breast", intended_use="Research.", licence="MIT")


def test_a_card_of_the_first_bundles_is_read() -> None:
    old = CARD.model_dump(
        mode="json",
        include={
            *("schema_version", "recipe", "classes", "mpp", "score_threshold", "halo"),
            *("parameters", "seed", "provenance", "metrics", "weights_sha256"),
        },
    )
    card = BundleCard.model_validate(old)
    assert card == CARD.model_copy(update={"intervals": {}})
    assert card.backbone_sha256 is None
    assert card.initial_weights is None


def test_words_replace_those_they_are_given_for_and_no_others() -> None:
    first = CARD.saying(WORDS)
    again = first.saying(CardWords(name="b", notices=("data by c",)))
    assert (again.name, again.notices) == ("b", ("data by c",))
    assert again.model_copy(update={"name": "a", "notices": ()}) == first
    assert CARD.saying(CardWords()) == CARD


def test_a_card_comes_back_from_json_as_it_was() -> None:
    card = CARD.saying(WORDS).model_copy(
        update={"initial_weights": InitialWeights(origin="o", licence="l", sha256="s")}
    )
    assert BundleCard.model_validate_json(card.model_dump_json()) == card


def test_a_model_that_is_passed_on_must_say_what_it_is() -> None:
    assert CARD.unsaid() == (
        *("a name", "its stain", "its tissue", "what it is for", "its licence"),
    )
    assert CARD.saying(WORDS).unsaid() == ()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"metrics": {}}, "its mean F1"),
        ({"intervals": {}}, "the interval of its mean F1"),
        ({"intervals": {"validation_mean_f1": None}}, "the interval of its mean F1"),
        ({"metrics": {"test_mean_f1": 0.4}}, "the interval of its mean F1"),
        ({"provenance": {}}, "the digest of the dataset it was trained on"),
        (
            {"recipe": Recipe(training=TrainingConfig(initialisation="pretrained"))},
            "the weights it started from",
        ),
    ],
)
def test_what_is_unsaid_is_named(changes: dict[str, Any], what: str) -> None:
    assert what in CARD.saying(WORDS).model_copy(update=changes).unsaid()


def test_models_are_compared_by_the_test_part_where_there_was_one() -> None:
    assert CARD.mean_f1 == 0.5
    tested = CARD.model_copy(update={"metrics": {**CARD.metrics, "test_mean_f1": 0.4}})
    assert tested.mean_f1 == 0.4
    assert CARD.model_copy(update={"metrics": {}}).mean_f1 is None
