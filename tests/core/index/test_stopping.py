"""As many cells as the hint says are enough, and one fewer is not."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError
from patherea_core.index.guidelines import WHO_NET, grading
from patherea_core.index.ki67 import index_of
from patherea_core.index.precision import exact_interval
from patherea_core.index.stopping import more_cells
from patherea_core.seeding import Seed
from tests.core.index.scattered import counted

SEED = Seed(0)


@settings(max_examples=40, deadline=None)
@given(
    positive=st.integers(0, 100),
    negative=st.integers(16, 100),
    half_width=st.sampled_from([0.01, 0.02, 0.05, 0.2]),
)
def test_the_hint_is_just_enough(positive: int, negative: int, half_width: float) -> None:
    index = index_of("x", [counted(positive, negative)], SEED)
    hint = more_cells(index, half_width)
    assert hint is not None
    assert index.precision is not None

    def width(cells: int) -> float:
        worth = cells / index.precision.design_effect_of(cells) if index.precision else 1
        interval = exact_interval((index.value or 0) * worth, worth)
        return interval.high - interval.low

    counted_cells = index.tally.tumour
    assert width(counted_cells + hint.more) <= 2 * half_width
    if hint.more:
        assert width(counted_cells + hint.more - 1) > 2 * half_width


def test_the_hint_reads_as_advice() -> None:
    index = index_of("x", [counted(20, 80)], SEED)
    hint = more_cells(index, 0.02)
    assert str(hint).startswith("count ")
    assert str(hint).endswith(" more cells for ± 2 points")
    assert str(more_cells(index, 0.4)) == "± 40 points met"


def test_the_hint_takes_less_for_granted_of_more_cells() -> None:
    index = index_of("x", [counted(40, 160)], SEED)
    hint, precision = more_cells(index, 0.02), index.precision
    assert hint is not None
    assert precision is not None
    assert precision.assumed > 1
    assert precision.design_effect_of(200) == pytest.approx(precision.design_effect)
    wanted = 200 + hint.more
    assert precision.design_effect_of(wanted) < precision.design_effect - 0.5 * precision.assumed
    worth = wanted / precision.design_effect
    interval = exact_interval(0.2 * worth, worth)
    assert interval.high - interval.low > 0.04  # it was not enough as long as nothing shrank


@pytest.mark.parametrize(("positive", "negative"), [(1, 2), (3, 0), (5, 10)])
def test_cells_too_few_to_tell_how_they_lie_have_neither_hint_nor_chance(
    positive: int, negative: int
) -> None:
    index = index_of("x", [counted(positive, negative)], SEED)
    assert more_cells(index, 0.02) is None
    assert index.chance_below(0.2) is None
    assert grading(index, WHO_NET) is None
    more = index_of("x", [counted(positive, negative + 16)], SEED)
    assert more_cells(more, 0.02) is not None
    assert grading(more, WHO_NET) is not None


def test_an_undefined_index_has_no_hint() -> None:
    assert more_cells(index_of("x", [], SEED), 0.02) is None


@pytest.mark.parametrize("half_width", [0.0, 0.5, -1.0, 1e-6])
def test_impossible_widths_are_refused(half_width: float) -> None:
    with pytest.raises(InputError):
        more_cells(index_of("x", [counted(20, 80)], SEED), half_width)
