"""Wilson's interval against its definition, and where it ends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.proportion import score_intervals, wilson

NORMAL = 1.959963984540054


@given(of=st.integers(1, 10_000), part=st.floats(0, 1))
def test_the_bounds_are_the_shares_that_the_count_is_just_compatible_with(
    of: int, part: float
) -> None:
    hits = round(part * of)
    interval = wilson(hits, of)
    assert interval is not None
    assert interval.holds(hits / of)
    for bound in interval.bounds:
        if 0 < bound < 1:
            deviation = abs(hits / of - bound) / math.sqrt(bound * (1 - bound) / of)
            assert deviation == pytest.approx(NORMAL, rel=1e-6)


def test_a_published_example_is_met() -> None:
    # Newcombe (1998), table I: 81 of 263, method 3.
    interval = wilson(81, 263)
    assert interval is not None
    assert interval.bounds == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_no_hit_and_hits_only_reach_the_ends() -> None:
    none, all_of_them = wilson(0, 10), wilson(10, 10)
    assert none is not None
    assert all_of_them is not None
    assert none.low == 0
    assert all_of_them.high == 1
    assert none.high == pytest.approx(1 - all_of_them.low)


def test_without_cells_nothing_is_known() -> None:
    assert wilson(0, 0) is None
    unknown = score_intervals(Counts.none())
    assert (unknown.precision, unknown.recall, unknown.f1) == (None, None, None)


def test_precision_rests_on_detections_and_recall_on_points() -> None:
    found = score_intervals(Counts(8, 2, 12))
    assert found.precision == wilson(8, 10)
    assert found.recall == wilson(8, 20)


@pytest.mark.parametrize(("hits", "of", "level"), [(3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_nonsense_is_refused(hits: int, of: int, level: float) -> None:
    with pytest.raises(InputError):
        wilson(hits, of, level=level)
