"""What became of every cell agrees with the counts, and names partners that are near."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import hit_distances, outcomes
from patherea_core.evaluation.scores import count_classes
from patherea_core.points import Detections, Points

RADIUS = 3.0


def field(points: list[tuple[int, int, int]], detections: list[tuple[int, int, int]]) -> Field:
    """Return a region with cells given as x, y and class."""
    of_points = np.array(points, dtype=float).reshape(-1, 3)
    of_detections = np.array(detections, dtype=float).reshape(-1, 3)
    return Field(
        "field",
        Detections(of_detections[:, :2], of_detections[:, 2], np.ones(len(of_detections))),
        Points(of_points[:, :2], of_points[:, 2]),
    )


cells = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 1)), max_size=12)


@given(cells, cells)
def test_there_are_as_many_hits_and_misses_as_are_counted(
    points: list[tuple[int, int, int]], detections: list[tuple[int, int, int]]
) -> None:
    region = field(points, detections)
    found = outcomes(region, 2, RADIUS)
    counts = count_classes(region.detections, region.points, 2, RADIUS)
    assert int(found.found.sum()) == sum(row.true_positives for row in counts.per_class)
    assert int((~found.hit).sum()) == sum(row.false_positives for row in counts.per_class)


@given(cells, cells)
def test_partners_are_near_and_of_the_class_and_confusions_are_of_another(
    points: list[tuple[int, int, int]], detections: list[tuple[int, int, int]]
) -> None:
    region = field(points, detections)
    found = outcomes(region, 2, RADIUS)
    for partner, same in ((found.partner, True), (found.taken_for, False)):
        rows = np.flatnonzero(partner >= 0)
        taken = partner[rows]
        assert len(set(taken.tolist())) == len(taken)
        gap = region.points.xy[rows] - region.detections.xy[taken]
        assert (np.hypot(*gap.T) <= RADIUS).all()
        equal = region.points.class_index[rows] == region.detections.class_index[taken]
        assert equal.all() if same else not equal.any()
    assert not (found.found & found.confused).any()


def test_a_cell_of_the_wrong_class_is_missed_and_says_what_it_was_taken_for() -> None:
    found = outcomes(field([(5, 5, 0)], [(5, 6, 1)]), 2, RADIUS)
    assert found.found.tolist() == [False]
    assert found.taken_for.tolist() == [0]
    assert found.hit.tolist() == [False]


def test_the_nearest_of_two_detections_is_the_hit() -> None:
    found = outcomes(field([(5, 5, 0)], [(7, 5, 0), (5, 5, 0)]), 2, RADIUS)
    assert found.partner.tolist() == [1]


def test_hits_say_how_far_they_are_from_their_points() -> None:
    region = field([(5, 5, 0), (20, 5, 0), (40, 5, 0)], [(5, 7, 0), (41, 5, 0)])
    assert hit_distances(region, outcomes(region, 1, RADIUS)).tolist() == [2, 1]


def test_a_region_without_cells_has_no_outcome() -> None:
    found = outcomes(field([], []), 2, RADIUS)
    assert len(found.partner) == len(found.hit) == 0
