"""Counts add up; scores follow from their sum; undefined is None."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.evaluation.counts import Counts

numbers = st.integers(0, 10_000)
counts = st.builds(Counts, numbers, numbers, numbers)


@given(counts, counts)
def test_counts_add_in_any_order(a: Counts, b: Counts) -> None:
    assert a + b == b + a


@given(counts, counts, counts)
def test_counts_add_in_any_grouping(a: Counts, b: Counts, c: Counts) -> None:
    assert (a + b) + c == a + (b + c)


@given(counts)
def test_none_is_the_start_of_a_sum(a: Counts) -> None:
    assert Counts.none() + a == a


@given(counts)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(a: Counts) -> None:
    if a.true_positives:
        assert a.precision is not None
        assert a.recall is not None
        assert a.f1 == pytest.approx(2 * a.precision * a.recall / (a.precision + a.recall))


@given(counts)
def test_f1_is_equation_6_of_the_paper(a: Counts) -> None:
    if a.occurs:
        half = (a.false_positives + a.false_negatives) / 2
        assert a.f1 == pytest.approx(a.true_positives / (a.true_positives + half))


def test_scores_of_known_counts() -> None:
    known = Counts(8, 2, 8)
    assert (known.detections, known.points) == (10, 16)
    assert (known.precision, known.recall) == (0.8, 0.5)
    assert known.f1 == pytest.approx(16 / 26)


def test_without_detections_precision_is_undefined_and_f1_zero() -> None:
    missed = Counts(0, 0, 5)
    assert (missed.precision, missed.recall, missed.f1) == (None, 0.0, 0.0)


def test_without_points_recall_is_undefined_and_f1_zero() -> None:
    invented = Counts(0, 5, 0)
    assert (invented.precision, invented.recall, invented.f1) == (0.0, None, 0.0)


def test_of_nothing_every_score_is_undefined() -> None:
    nothing = Counts.none()
    assert not nothing.occurs
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, None)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be negative"):
        Counts(1, -1, 0)
