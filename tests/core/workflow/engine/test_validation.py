"""Counts at every threshold at once are those of each threshold, and add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import TaxonomyError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import count_classes, mean_f1
from patherea_core.points import Detections, Points
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.validation import (
    THRESHOLDS,
    Row,
    ThresholdCounts,
    best_row,
    count_at,
    is_validated,
    out_of_patience,
    scores_of,
    thresholds_for,
)

CLASSES = 3
#: A few of those that are counted at, since the slow count of each takes its time.
SOME = (0.1, 0.3, 0.5, 0.95)


def drawn(seed: int) -> Field:
    """Return a crowded region; some of its scores are thresholds, and some occur twice."""
    random = Seed(seed).stream("field")
    found, wanted = random.integers(0, 40, 2)
    score = np.round(random.uniform(0, 1, found), 1)
    detections = Detections(
        random.uniform(0, 30, (found, 2)), random.integers(0, CLASSES, found), score
    )
    points = Points(random.uniform(0, 30, (wanted, 2)), random.integers(0, CLASSES, wanted))
    return Field("region", detections, points)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_each_threshold_has_the_counts_of_the_detections_that_score_as_much(seed: int) -> None:
    field = drawn(seed)
    counts = count_at(THRESHOLDS, field, CLASSES, radius=4.0)
    for threshold in SOME:
        kept = field.detections.take(field.detections.score >= threshold)
        assert counts.at(threshold) == count_classes(kept, field.points, CLASSES, 4.0)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=3))
def test_counts_add_up_like_those_of_each_threshold(seeds: list[int]) -> None:
    fields = [drawn(seed) for seed in seeds]
    total = ThresholdCounts.none(THRESHOLDS, CLASSES)
    for field in fields:
        total = total + count_at(THRESHOLDS, field, CLASSES, radius=4.0)
    for threshold in SOME:
        singly = [count_at(THRESHOLDS, field, CLASSES, 4.0).at(threshold) for field in fields]
        assert total.at(threshold) == sum(singly[1:], start=singly[0])


def test_counts_come_back_from_their_numbers() -> None:
    counts = count_at(THRESHOLDS, drawn(1), CLASSES, radius=4.0)
    again = ThresholdCounts.from_numbers(THRESHOLDS, counts.numbers)
    assert all(again.at(one) == counts.at(one) for one in THRESHOLDS)


def test_a_class_beyond_the_last_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="there are 1"):
        count_at(THRESHOLDS, drawn(1), 1, radius=4.0)


def test_the_best_threshold_leaves_out_false_alarms_and_keeps_hits() -> None:
    xy = np.array([[5.0, 5.0], [25.0, 25.0]])
    field = Field(
        "region",
        Detections(xy, np.array([0, 0]), np.array([0.72, 0.41])),
        Points(xy[:1], np.array([0])),
    )
    counts = count_at(THRESHOLDS, field, 1, radius=3.0)
    assert counts.best() == 0.45
    scores = scores_of(counts, ["cell"])
    assert scores["threshold"] == 0.45
    assert scores["validation_cell_f1"] == scores["validation_mean_f1"] == 1.0
    assert counts.at(0.4).any_class == Counts(1, 1, 0)
    assert mean_f1(counts.at(0.75).per_class) == 0


def test_a_given_threshold_is_the_only_one_and_none_means_all() -> None:
    assert thresholds_for(0.37) == (0.37,)
    assert thresholds_for(None) == THRESHOLDS
    assert THRESHOLDS[0] == 0.1
    assert THRESHOLDS[-1] == 0.95


def rows(*scores: float | None) -> list[Row]:
    return [{"validation_mean_f1": score} for score in scores]


def test_the_best_row_is_the_first_of_equals() -> None:
    history = rows(None, 0.2, 0.5, 0.5)
    assert best_row(history) is history[2]


@pytest.mark.parametrize(
    ("scores", "patience", "ended"),
    [
        ([], 1, False),
        ([0.5], 1, False),
        ([0.5, 0.4], 1, True),
        ([0.5, 0.5], 1, True),
        ([0.5, 0.4], 2, False),
        ([0.5, 0.4, 0.6], 2, False),
        ([0.5, 0.4, None], 2, True),
        ([0.5, 0.4, 0.3], 0, False),
    ],
)
def test_patience_ends_after_so_many_validations_without_a_better_score(
    scores: list[float | None], patience: int, *, ended: bool
) -> None:
    assert out_of_patience(rows(*scores), patience) == ended


@given(st.integers(1, 300), st.integers(1, 400))
def test_validations_are_spread_evenly_and_the_last_epoch_is_among_them(
    epochs: int, validations: int
) -> None:
    validated = [epoch for epoch in range(epochs) if is_validated(epoch, epochs, validations)]
    assert len(validated) == min(epochs, validations)
    assert validated[-1] == epochs - 1
    gaps = np.diff([-1, *validated])
    assert gaps.max() - gaps.min() <= 1
