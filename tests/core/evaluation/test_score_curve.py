"""At every score threshold the curve has the counts of the maximum pairing at that threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.pairing import pair
from patherea_core.evaluation.score_curve import (
    ScoreCurve,
    average_precision,
    best_threshold,
    of_class,
    score_curve,
)
from patherea_core.points import Detections, Points

RADIUS = 2.0

Cells = list[tuple[int, int, int]]
Scored = list[tuple[int, int, int, int]]

points_of = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 1)), max_size=9)
scored = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 1), st.integers(0, 4)),
    max_size=9,
)


def field(points: Cells, detections: Scored, name: str = "field") -> Field:
    """Return a region with cells given as x, y, class and, for detections, score in quarters."""
    of_points = np.array(points, dtype=float).reshape(-1, 3)
    found = np.array(detections, dtype=float).reshape(-1, 4)
    return Field(
        name,
        Detections(found[:, :2], found[:, 2], found[:, 3] / 4),
        Points(of_points[:, :2], of_points[:, 2]),
    )


def recounted(fields: list[Field], class_row: int | None, threshold: float) -> tuple[int, int]:
    hits = count = 0
    for region in (of_class(entry, class_row) for entry in fields):
        found = region.detections.take(region.detections.score >= threshold)
        hits += len(pair(found.xy, region.points.xy, RADIUS))
        count += len(found)
    return hits, count


@given(points_of, scored, points_of, scored, st.sampled_from([None, 0, 1]))
def test_every_threshold_counts_as_the_pairing_of_what_scores_as_much(
    points: Cells, found: Scored, more_points: Cells, more_found: Scored, class_row: int | None
) -> None:
    fields = [field(points, found), field(more_points, more_found)]
    curve = score_curve(fields, RADIUS, class_row)
    for row, threshold in enumerate(curve.thresholds):
        hits, count = recounted(fields, class_row, threshold)
        assert (curve.true_positives[row], curve.detections[row]) == (hits, count)
    chosen = [of_class(entry, class_row).detections.score for entry in fields]
    assert curve.thresholds.tolist() == sorted(set(np.concatenate(chosen)), reverse=True)


@given(points_of, scored)
def test_the_order_of_cells_changes_no_curve(points: Cells, found: Scored) -> None:
    backwards = score_curve([field(points[::-1], found[::-1])], RADIUS, None)
    forwards = score_curve([field(points, found)], RADIUS, None)
    assert forwards.true_positives.tolist() == backwards.true_positives.tolist()
    assert forwards.detections.tolist() == backwards.detections.tolist()


def test_points_have_radii_of_their_own() -> None:
    region = Field(
        "field",
        Detections(np.array([[0.0, 4], [20, 4]]), np.array([0, 0]), np.array([0.9, 0.8])),
        Points(np.array([[0.0, 0], [20, 0]]), np.array([0, 0])),
        radius=np.array([5.0, 3.0]),
    )
    assert score_curve([region], 100.0, None).true_positives.tolist() == [1, 1]


def test_a_long_chain_of_cells_is_no_obstacle() -> None:
    x = np.arange(20_000.0)
    classes = np.zeros(len(x), dtype=np.int64)
    chain = Field(
        "chain",
        Detections(np.column_stack([x + 0.5, x * 0]), classes, np.linspace(1, 0, len(x))),
        Points(np.column_stack([x, x * 0]), classes),
    )
    assert score_curve([chain], 0.6, None).true_positives[-1] == len(x)


def curve(hits: list[int], count: list[int], points: int) -> ScoreCurve:
    thresholds = np.linspace(0.9, 0.1, len(hits))
    return ScoreCurve(thresholds, np.array(hits), np.array(count), points)


def test_average_precision_is_the_area_under_the_envelope() -> None:
    # Precision 1, 1/2, 2/3 at recall 1/4, 1/4, 2/4; the envelope is 1, then 2/3.
    assert average_precision(curve([1, 1, 2], [1, 2, 3], 4)) == pytest.approx(0.25 + 0.25 * 2 / 3)


def test_average_precision_is_one_only_for_a_perfect_ranking_that_finds_all() -> None:
    assert average_precision(curve([1, 2, 2], [1, 2, 3], 2)) == 1
    assert average_precision(curve([0, 1, 2], [1, 2, 3], 2)) == pytest.approx(2 / 3)


def test_without_points_there_is_no_average_precision_and_no_best_threshold() -> None:
    empty = curve([0], [1], 0)
    assert average_precision(empty) is None
    assert best_threshold(empty) is None
    assert average_precision(score_curve([field([(1, 1, 0)], [])], RADIUS, None)) == 0
    assert best_threshold(score_curve([field([(1, 1, 0)], [])], RADIUS, None)) is None


def test_the_best_threshold_has_the_highest_f1_and_is_the_highest_of_equals() -> None:
    assert best_threshold(curve([1, 2, 2], [1, 2, 3], 2)) == pytest.approx(0.5)
    assert best_threshold(curve([1, 1, 2], [1, 2, 5], 2)) == pytest.approx(0.9)
