"""Observers share cells whoever comes first, and agree about what they share."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation.agreement.observers import (
    Observer,
    agreement_of_two,
    shared_cells,
    shared_rows,
)
from patherea_core.evaluation.pairing import pair
from patherea_core.points import Points
from tests.builders import points
from tests.core.evaluation.agreement.panels import panel, seen_by, tissue


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_exchanging_two_observers_changes_no_score(seed: int) -> None:
    cells = tissue(2, seed)
    one, other = (seen_by(name, cells, seed=row) for row, name in enumerate("ab", start=seed))
    there, back = agreement_of_two(one, other, 2, 6), agreement_of_two(other, one, 2, 6)
    assert [counts.f1 for counts in there.counts.per_class] == [
        counts.f1 for counts in back.counts.per_class
    ]
    assert there.counts.any_class.f1 == back.counts.any_class.f1
    assert there.mean_f1 == back.mean_f1
    assert np.array(there.confusion).tolist() == np.array(back.confusion).T.tolist()
    assert there.kappa == pytest.approx(back.kappa)


def test_an_observer_agrees_fully_with_itself() -> None:
    (one,) = panel(people=1)
    found = agreement_of_two(one, one, 2, 6)
    assert (found.mean_f1, found.kappa, found.paired_cells) == (1.0, 1.0, one.cells)


def test_cells_are_paired_whatever_the_class() -> None:
    one = Observer("a", (points((0, 0, 0), (50, 50, 1), (99, 0, 1)),))
    other = Observer("b", (points((1, 0, 1), (50, 51, 1)),))
    found = agreement_of_two(one, other, 2, 6)
    assert found.confusion == ((0, 1), (0, 1))
    assert [counts.f1 for counts in found.counts.per_class] == [0.0, pytest.approx(0.5)]
    assert found.counts.any_class.f1 == pytest.approx(4 / 5)


def test_of_two_cells_near_each_other_the_closest_are_paired() -> None:
    one = Observer("a", (points((0, 0, 0), (5, 0, 1)),))
    other = Observer("b", (points((4, 0, 1), (1, 0, 0)),))
    assert agreement_of_two(one, other, 2, 6).confusion == ((1, 0), (0, 1))


def test_without_cells_nothing_is_defined() -> None:
    nothing = [Observer(name, (Points.none(),)) for name in "ab"]
    found = agreement_of_two(nothing[0], nothing[1], 2, 6)
    assert (found.mean_f1, found.kappa, found.paired_cells) == (None, None, 0)
    assert (shared_cells(nothing, 2, 6).cells, shared_cells(nothing, 2, 6).kappa) == (0, None)


def test_of_two_observers_the_shared_cells_are_the_paired_ones() -> None:
    one, other = panel(people=2)
    assert shared_cells([one, other], 2, 6).cells == agreement_of_two(one, other, 2, 6).paired_cells


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([6.0, 30.0]))
def test_the_order_of_observers_changes_no_shared_cell(seed: int, radius: float) -> None:
    """Even where a radius far too wide makes chains of pairs."""
    cells = tissue(1, seed)
    marks = [seen_by("x", cells, seed=seed + row).regions[0] for row in range(3)]
    found = set()
    for order in permutations(range(3)):
        rows = shared_rows([marks[row] for row in order], radius)
        back = rows[:, np.argsort(order)]
        found.add(frozenset(map(tuple, back.tolist())))
    assert len(found) == 1


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000))
def test_every_two_marks_of_a_shared_cell_are_paired_and_no_mark_is_shared_twice(seed: int) -> None:
    cells = tissue(1, seed)
    marks = [seen_by("x", cells, seed=seed + row).regions[0] for row in range(4)]
    rows = shared_rows(marks, 12)
    for column in range(4):
        assert len(set(rows[:, column].tolist())) == len(rows)
    for one, other in permutations(range(4), 2):
        pairs = pair(marks[one].xy, marks[other].xy, 12, closest=True)
        paired = set(zip(pairs.detection_rows.tolist(), pairs.point_rows.tolist(), strict=True))
        assert set(map(tuple, rows[:, [one, other]].tolist())) <= paired


def test_a_chain_whose_ends_are_too_far_apart_is_no_shared_cell() -> None:
    marks = [points((0, 0, 0)), points((4, 0, 0)), points((8, 0, 0))]
    assert len(shared_rows(marks, 6)) == 0
    assert shared_rows(marks, 8).tolist() == [[0, 0, 0]]


def test_fleiss_kappa_is_about_the_cells_that_all_marked() -> None:
    one = Observer("a", (points((0, 0, 0), (50, 0, 1), (99, 0, 0)),))
    two = Observer("b", (points((1, 0, 0), (51, 0, 1)),))
    three = Observer("c", (points((0, 1, 0), (50, 1, 1), (99, 1, 1)),))
    found = shared_cells([one, two, three], 2, 6)
    assert (found.observers, found.cells, found.kappa) == (3, 2, 1.0)


def test_observers_who_mistake_more_agree_less() -> None:
    cells = tissue(4)
    careful, careless = (
        shared_cells([seen_by("x", cells, seed=row, mistaken=share) for row in range(3)], 2, 6)
        for share in (0.05, 0.3)
    )
    assert careful.kappa is not None
    assert careless.kappa is not None
    assert careful.kappa > careless.kappa + 0.2


def test_observers_of_different_regions_are_refused() -> None:
    one, other = Observer("a", (Points.none(),)), Observer("b", ())
    for compared in (
        lambda: agreement_of_two(one, other, 2, 6),
        lambda: shared_cells([one, other], 2, 6),
    ):
        with pytest.raises(InputError, match="'a' has 1 regions and 'b' has 0"):
            compared()
    with pytest.raises(InputError, match="two observers or more"):
        shared_cells([one], 2, 6)


def test_a_class_beyond_the_last_is_refused() -> None:
    strange = Observer("a", (points((0, 0, 2)),))
    with pytest.raises(TaxonomyError, match="class 2"):
        agreement_of_two(strange, strange, 2, 6)
