"""Changes counted: the scores are those of an evaluation in which the reviewed state is the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.scores import ClassCounts, count_classes, micro
from patherea_core.points import Detections
from patherea_core.seeding import Seed
from plugin.review.changes import KINDS, Changes, compare
from plugin.review.state import State
from plugin.review.tally import area_counts, kind_counts, relabellings, review_scores
from tests.builders import detections

RADIUS = 8.0


def example() -> Changes:
    before = State(
        tuple("abcd"), detections((0, 0, 0), (40, 0, 0), (80, 0, 1), (120, 0, 1), score=0.5)
    )
    after = State(
        ("a", "b", "c", "new"), detections((0, 0, 0), (43, 4, 0), (80, 0, 0), (200, 0, 1))
    )
    return compare(before, after, 2, RADIUS)


def test_each_kind_counts_as_it_should() -> None:
    changes = example()
    (counts,) = area_counts(changes, np.zeros(len(changes), np.int64), 1, 2)
    assert counts.per_class == (Counts(2, 0, 1), Counts(0, 2, 1))
    assert counts.any_class == Counts(3, 1, 1)


def test_kinds_and_relabellings_are_counted_by_class() -> None:
    changes = example()
    table = kind_counts(changes, 2)
    assert dict(zip(KINDS, table[0].tolist(), strict=True)) == {
        "accepted": 1,
        "moved": 1,
        "relabelled": 0,
        "deleted": 0,
        "added": 0,
    }
    assert table[1].tolist() == [0, 0, 1, 1, 1]
    assert relabellings(changes, 2).tolist() == [[2, 0], [1, 0]]


def test_cells_outside_of_every_area_take_no_part() -> None:
    changes = example()
    nobody = np.full(len(changes), -1, np.int64)
    assert area_counts(changes, nobody, 1, 2) == (ClassCounts.none(2),)


def test_two_areas_are_drawn_for_intervals_and_one_is_not() -> None:
    changes = example()
    owner = np.array([0, 0, 1, 1, 0])
    areas = area_counts(changes, owner, 2, 2)
    two = review_scores(areas, 2, Seed(0))
    assert two.bootstrapped
    assert two.any_class.f1 is not None
    one = review_scores([sum(areas, start=ClassCounts.none(2))], 2, Seed(0))
    assert not one.bootstrapped
    assert one.any_class.f1 is None
    assert one.any_class.precision is not None
    assert one.counts == two.counts
    assert one.mean_f1 == two.mean_f1


cells = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 2)), min_size=0, max_size=12
)


def state(rows: list[tuple[int, int, int]], prefix: str) -> State:
    table = np.array(rows, dtype=float).reshape(-1, 3)
    found = Detections(table[:, :2], table[:, 2].astype(np.int64), np.ones(len(table)))
    return State(tuple(f"{prefix}{row}" for row in range(len(table))), found)


@settings(max_examples=25, deadline=None)
@given(pushed=cells, reviewed=cells)
def test_without_ids_the_counts_of_classes_are_those_of_an_evaluation(
    pushed: list[tuple[int, int, int]], reviewed: list[tuple[int, int, int]]
) -> None:
    before, after = state(pushed, "a"), state(reviewed, "b")
    changes = compare(before, after, 3, RADIUS)
    (counts,) = area_counts(changes, np.zeros(len(changes), np.int64), 1, 3)
    expected = count_classes(before.cells, after.cells.as_points(), 3, RADIUS)
    assert counts.per_class == expected.per_class
    # Own classes are paired first, so that of any class there may be fewer pairs, never more.
    assert counts.any_class.true_positives <= expected.any_class.true_positives


@settings(max_examples=25, deadline=None)
@given(pushed=cells, reviewed=cells, areas=st.integers(1, 4), seed=st.integers(0, 9))
def test_areas_add_up_however_the_cells_are_shared_out(
    pushed: list[tuple[int, int, int]],
    reviewed: list[tuple[int, int, int]],
    areas: int,
    seed: int,
) -> None:
    changes = compare(state(pushed, "a"), state(reviewed, "b"), 3, RADIUS)
    owner = np.random.default_rng(seed).integers(areas, size=len(changes))
    parts = area_counts(changes, owner, areas, 3)
    (whole,) = area_counts(changes, np.zeros(len(changes), np.int64), 1, 3)
    assert sum(parts, start=ClassCounts.none(3)) == whole
    assert micro(whole.per_class).detections == len(pushed)
    assert micro(whole.per_class).points == len(reviewed)


def test_a_review_that_changed_nothing_is_perfect() -> None:
    same = state([(0, 0, 0), (40, 40, 1)], "a")
    changes = compare(same, same, 3, RADIUS)
    counts = area_counts(changes, np.zeros(2, np.int64), 1, 3)
    assert review_scores(counts, 3, Seed(0)).mean_f1 == pytest.approx(1.0)
