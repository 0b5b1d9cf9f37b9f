"""Kappas are those of the textbooks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from patherea_core.errors import ShapeError
from patherea_core.evaluation.agreement.kappa import cohen_kappa, fleiss_kappa
from patherea_core.geometry import Ints

#: Votes of 14 observers on 10 cells of 5 classes; the worked example of Fleiss' kappa, 0.210.
TEXTBOOK = [
    (0, 0, 0, 0, 14),
    (0, 2, 6, 4, 2),
    (0, 0, 3, 5, 6),
    (0, 3, 9, 2, 0),
    (2, 2, 8, 1, 1),
    (7, 7, 0, 0, 0),
    (3, 2, 6, 3, 0),
    (2, 5, 3, 2, 2),
    (6, 5, 2, 1, 0),
    (0, 2, 2, 3, 7),
]
tables = arrays(np.int64, st.sampled_from([(2, 2), (3, 3), (4, 4)]), elements=st.integers(0, 20))


@pytest.mark.parametrize(
    ("table", "kappa"),
    [
        ([[20, 5], [10, 15]], 0.4),  # observed 0.70, by chance 0.50
        ([[45, 15], [25, 15]], 0.1304),  # observed 0.60, by chance 0.54
        ([[25, 35], [5, 35]], 0.2593),  # observed 0.60, by chance 0.46
        ([[7, 0], [0, 3]], 1.0),
        ([[0, 5], [5, 0]], -1.0),
        ([[25, 25], [25, 25]], 0.0),
    ],
)
def test_cohens_kappa_of_worked_examples(table: list[list[int]], kappa: float) -> None:
    assert cohen_kappa(np.array(table)) == pytest.approx(kappa, abs=5e-5)


def test_fleiss_kappa_of_the_worked_example() -> None:
    assert fleiss_kappa(np.array(TEXTBOOK)) == pytest.approx(0.210, abs=5e-4)


@given(tables)
def test_exchanging_the_observers_keeps_cohens_kappa(table: Ints) -> None:
    assert cohen_kappa(table) == pytest.approx(cohen_kappa(table.T))


@given(tables, st.permutations(range(4)))
def test_the_order_of_classes_changes_no_kappa(table: Ints, order: list[int]) -> None:
    order = [row for row in order if row < len(table)]
    assert cohen_kappa(table[np.ix_(order, order)]) == pytest.approx(cohen_kappa(table))
    votes = np.array(TEXTBOOK)
    mixed = [*order, *range(len(order), 5)]
    assert fleiss_kappa(votes[:, mixed]) == pytest.approx(fleiss_kappa(votes))


@given(tables)
def test_fleiss_kappa_of_two_observers_is_scotts_pi(table: Ints) -> None:
    """Both take chance from the classes' shares among all votes, where Cohen's takes each observer's."""
    rows, columns = np.indices(table.shape)
    pairs = np.repeat(np.stack([rows.ravel(), columns.ravel()], axis=1), table.ravel(), axis=0)
    votes = (pairs[:, :, np.newaxis] == np.arange(len(table))).sum(axis=1)
    if not len(votes):
        assert fleiss_kappa(votes) is None
        return
    shares = (table.sum(axis=0) + table.sum(axis=1)) / (2 * table.sum())
    by_chance = float((shares**2).sum())
    expected = None
    if by_chance < 1 - 1e-12:
        expected = (np.trace(table) / table.sum() - by_chance) / (1 - by_chance)
    assert fleiss_kappa(votes) == (None if expected is None else pytest.approx(expected))


def test_more_disagreement_lowers_kappa() -> None:
    kappas = [cohen_kappa(np.array([[50 - n, n], [n, 50 - n]])) or 0 for n in range(0, 50, 10)]
    assert all(more > less for more, less in pairwise(kappas))


@pytest.mark.parametrize("table", [[[0, 0], [0, 0]], [[9, 0], [0, 0]], [[5]]])
def test_without_choice_cohens_kappa_is_undefined(table: list[list[int]]) -> None:
    assert cohen_kappa(np.array(table)) is None


def test_without_choice_fleiss_kappa_is_undefined() -> None:
    assert fleiss_kappa(np.empty((0, 3), dtype=np.int64)) is None
    assert fleiss_kappa(np.array([[3, 0], [3, 0]])) is None


@pytest.mark.parametrize("votes", [[[1, 0], [0, 1]], [[2, 0], [2, 1]], [2, 0]])
def test_votes_that_are_not_of_the_same_observers_are_refused(votes: list[list[int]]) -> None:
    with pytest.raises(ShapeError, match="votes"):
        fleiss_kappa(np.array(votes))


def test_a_confusion_table_that_is_not_square_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(T, T\)"):
        cohen_kappa(np.ones((2, 3), dtype=np.int64))
