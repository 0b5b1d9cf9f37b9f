"""A model's card as a page: what it says, and that no word of it becomes markup."""

from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from patherea_core.bundle_card import BundleCard, CardWords, ClassCard, InitialWeights
from patherea_core.config import NetworkConfig, Recipe
from plugin.outputs.model_card import card_page, card_words, key_facts
from tests.core.test_bundle_card import CARD, WORDS

FULL = CARD.saying(WORDS).model_copy(
    update={
        "classes": (
            ClassCard(name="a|b", color="#123456"),
            ClassCard(name="<i>&lt;", color="#654321"),
        ),
        "recipe": Recipe(network=NetworkConfig(backbone="resnet10t")),
        "metrics": {
            "validation_mean_f1": 0.5,
            "validation_a|b_f1": None,
            "test_mean_f1": 0.45,
            "test_any_class_f1": 0.7,
            "test_any_class_precision": 0.625,
            "test_any_class_recall": 0.795,
            "test_any_class_cells": 1234.0,
        },
        "measured_on": "10 images of 9 patients",
        "initial_weights": InitialWeights(origin="somewhere", licence="Apache-2.0", sha256="ab"),
        "backbone_sha256": "ab",
        "notices": ("data by c",),
        "limitations": ("no mitoses",),
        "provenance": {
            "dataset_sha256": "12ab",
            "dataset_lineage": {"citation": "Somebody, 2021"},
            "trained_on": "63 images of 58 patients",
            "preparation": "python -m training import brca-m2c",
            "command": "patherea train d --out r",
            "stopped": "after epoch 2 of 3",
            "slides": [
                {
                    "name": "s1",
                    "patient": "p1",
                    "annotations": [{"id": "77", "name": "cells", "version": None}],
                }
            ],
        },
    }
)


class Tags(HTMLParser):
    """Remembers what was opened and not closed again."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:  # noqa: ANN401, ARG002
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_page_says_everything_that_whoever_uses_the_model_must_know(form: Any) -> None:  # noqa: ANN401
    page = card_page(FULL, form)
    for fact in (
        *("Research use only", "breast", "#123456", "0.450", "10 images of 9 patients", "12ab"),
        *(
            "Somebody, 2021",
            "1 slide of 1 patient",
            "77",
            "MIT",
            "somewhere",
            "Apache-2.0",
            "data by c",
        ),
        *("no mitoses", "after epoch 2 of 3", "patherea train d --out r", "resnet10t"),
        *("--backbone-weights", "test", "validation", "0.625", "0.795", "1,234"),
        *("63 images of 58 patients", "python -m training import brca-m2c"),
    ):
        assert fact in page, fact


def test_no_word_of_a_card_becomes_markup() -> None:
    markdown, page = card_page(FULL, "markdown"), card_page(FULL, "html")
    assert "| a\\|b | #123456 |" in markdown
    assert "| &lt;i>&amp;lt; | #654321 |" in markdown
    assert "<i>" not in page
    tags = Tags()
    tags.feed(page)
    assert tags.open == []


def test_every_row_of_a_table_in_markdown_has_the_cells_of_its_header() -> None:
    lines = card_page(FULL, "markdown").replace("\\|", "").splitlines()
    for before, line in pairwise(lines):
        if before.startswith("|") and line.startswith("|"):
            assert before.count("|") == line.count("|")


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_a_card_that_says_nothing_still_makes_a_page(form: Any) -> None:  # noqa: ANN401
    bare = CARD.model_copy(update={"metrics": {}, "intervals": {}, "provenance": {}})
    assert "not said" in card_page(bare, form)
    assert "not said" in card_words(bare)
    assert "mean F1 –" in key_facts(bare)


def test_scores_of_images_that_chose_the_state_are_called_flattering() -> None:
    assert "flatter" in card_words(CARD)
    assert "flatter" not in card_words(FULL)


def test_an_experiment_is_repeated_by_its_own_command() -> None:
    card = CARD.model_copy(update={"provenance": {"experiment": "brca-m2c/mobilenetv2"}})
    assert (
        "python -m training run brca-m2c/mobilenetv2 --data DIR --out RUN --seed 0 --epochs 100"
        in (card_words(card))
    )
    assert "--weights FILE" not in card_words(card)
    assert "--weights FILE" in card_words(
        card.model_copy(update={"initial_weights": FULL.initial_weights})
    )


def test_a_card_names_the_models_it_comes_from_one_after_the_other() -> None:
    first = FULL.model_copy(update={"name": "first"}).as_base("a file")
    second = CARD.model_copy(update={"base_model": first}).as_base("a file")
    card = CARD.model_copy(update={"base_model": second})
    lines = [line for line in card_words(card).splitlines() if line.startswith("base model")]
    assert [line.split()[2] for line in lines] == ["a", "first"]
    for word in ("licence: MIT", FULL.weights_sha256, "63 images of 58 patients", "12ab"):
        assert word in lines[1]
        assert word in card_page(card, "markdown")


def test_key_facts_are_one_line() -> None:
    assert "\n" not in key_facts(FULL)
    assert isinstance(FULL, BundleCard)
    assert CardWords.model_fields.keys() <= BundleCard.model_fields.keys()


def test_a_terminal_gets_precision_recall_and_cells_on_the_line_of_their_f1() -> None:
    (line,) = (line for line in card_words(FULL).splitlines() if "any class" in line)
    assert line.endswith("0.700, precision 0.625, recall 0.795, 1,234 cells [test]")
