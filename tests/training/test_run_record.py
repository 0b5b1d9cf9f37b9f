"""A record keeps what it was given, and refuses what contradicts itself."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.training.runs import class_score, of_f1, run_record
from training.protocol import Protocol
from training.run_record import ClassScore, RunRecord, settings_digest

counts = st.integers(0, 10_000)
scores = st.builds(class_score, counts, counts, counts)
words = st.text("abc é-", min_size=1).filter(lambda text: text == text.strip())


@given(
    st.dictionaries(words, scores, min_size=1, max_size=4),
    st.integers(0, 2**31),
    st.none() | words,
    st.sampled_from(["validation", "nothing", "evaluated", "unstated"]),
)
def test_a_record_comes_back_from_json_unchanged(
    classes: dict[str, ClassScore], seed: int, fold: str | None, chosen_on: str
) -> None:
    record = run_record(classes, seed=seed, fold=fold, chosen_on=chosen_on)
    text = record.model_dump_json()
    assert "\n" not in text
    assert RunRecord.model_validate_json(text) == record


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sed": 1}, "sed"),
        ({"mean_f1": 0.75}, "mean_f1 is 0.75"),
        ({"mean_f1": None}, "mean_f1 is None"),
        ({"mean_f1_interval": (0.8, 0.6)}, "runs from 0.8 down to 0.6"),
        ({"cells": 999}, "999 cells were labelled, but 1000 counted"),
        ({"classes": {}}, "classes"),
        ({"seed": -1}, "seed"),
        ({"dataset": "BRCA M2C"}, "dataset"),
        ({"dataset_digest": "abc"}, "dataset_digest"),
        ({"method": " "}, "method"),
        ({"protocol": Protocol(radius=None)}, "states its radius"),
        ({"protocol": Protocol(radius=6, matching="unstated")}, "states its radius"),
        ({"evaluated_on": "val"}, "chosen on the evaluated part"),
        ({"chosen_on": "test"}, "chosen_on"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_contradiction_is_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        run_record(**changes)


@pytest.mark.parametrize("f1", [None, 0.9, float("nan"), -0.1])
def test_f1_follows_from_its_counts(f1: float | None) -> None:
    with pytest.raises(ValidationError):
        ClassScore(tp=8, fp=2, fn=2, f1=f1)
    assert ClassScore(tp=8, fp=2, fn=2, f1=0.8).f1 == 0.8


def test_a_class_never_found_scores_0_and_an_absent_one_nothing() -> None:
    record = run_record({"a": of_f1(800), "never": class_score(0, 0, 5), "absent": class_score(0)})
    assert record.mean_f1 == pytest.approx(0.4)
    with pytest.raises(ValidationError):
        ClassScore(tp=0, fp=0, fn=5, f1=None)


@pytest.mark.parametrize(
    ("chosen_on", "reportable"),
    [("validation", True), ("nothing", True), ("evaluated", False), ("unstated", False)],
)
def test_a_run_chosen_on_the_evaluated_part_is_not_reportable(
    chosen_on: str, reportable: bool
) -> None:
    assert run_record(chosen_on=chosen_on).reportable is reportable


def test_seed_and_fold_do_not_make_another_experiment_and_all_else_does() -> None:
    first = run_record()
    assert run_record(seed=1, fold="2", images=9).experiment == first.experiment
    others: list[dict[str, Any]] = [
        {"dataset_digest": "e" * 64},
        {"protocol": Protocol(radius=7)},
        {"chosen_on": "nothing"},
        {"recipe_digest": "e" * 64},
        {"program": "patherea 0.2.0"},
        {"evaluated_on": "val", "chosen_on": "nothing"},
    ]
    assert all(run_record(**change).experiment != first.experiment for change in others)


def test_the_digest_of_settings_changes_with_a_setting() -> None:
    assert settings_digest(Protocol(radius=6)) == settings_digest(Protocol(radius=6.0))
    assert settings_digest(Protocol(radius=6)) != settings_digest(Protocol(radius=7))
