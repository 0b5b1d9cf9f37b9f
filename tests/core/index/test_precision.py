"""Blocks, what cells are worth, and the exact interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from patherea_core.errors import InputError
from patherea_core.index.ki67 import IndexOptions, index_of
from patherea_core.index.kinds import KindedCells
from patherea_core.index.precision import blocks, exact_interval
from patherea_core.index.samples import Sample
from patherea_core.seeding import Seed
from tests.core.index.scattered import random_cells


@given(of=st.integers(1, 400), part=st.floats(0, 1))
def test_the_bounds_of_the_exact_interval_leave_two_and_a_half_percent(
    of: int, part: float
) -> None:
    hits = round(part * of)
    interval = exact_interval(hits, of)
    assert interval.holds(hits / of)
    if hits:
        assert binom.sf(hits - 1, of, interval.low) == pytest.approx(0.025, rel=1e-6)
    if hits < of:
        assert binom.cdf(hits, of, interval.high) == pytest.approx(0.025, rel=1e-6)


def test_no_hit_starts_at_zero_and_hits_only_end_at_one() -> None:
    assert exact_interval(0, 7.5).low == 0
    assert exact_interval(7.5, 7.5).high == 1


@pytest.mark.parametrize(("hits", "of"), [(2.0, 1.0), (-1.0, 2.0), (0.0, 0.0)])
def test_nonsense_is_no_share(hits: float, of: float) -> None:
    with pytest.raises(InputError):
        exact_interval(hits, of)


@given(count=st.integers(1, 200), least=st.integers(1, 30), seed=st.integers(0, 100))
def test_there_are_at_least_as_many_blocks_as_wanted(count: int, least: int, seed: int) -> None:
    xy = random_cells(count, 0.5, 1000.0, seed).xy
    group = blocks(xy, np.zeros(count, dtype=np.int64), least)
    assert len(np.unique(group)) == group.max() + 1 >= min(least, count)


def test_blocks_move_with_the_cells_and_never_hold_two_slides() -> None:
    xy = random_cells(300, 0.5, 1024.0).xy.round(3)
    slide = np.arange(300) % 2
    group = blocks(xy, slide, 16)
    assert (group == blocks(xy + 4096.0, slide, 16)).all()
    assert all(len(set(slide[group == number])) == 1 for number in range(group.max() + 1))


def test_cells_in_one_place_make_one_block() -> None:
    assert blocks(np.ones((5, 2)), np.zeros(5, dtype=np.int64), 8).max() == 0


def _worth(cells: KindedCells) -> float:
    precision = index_of("x", [Sample.whole("s", cells)], Seed(0)).precision
    assert precision is not None
    return precision.effective_cells


def test_heaps_of_positive_cells_are_worth_fewer_cells() -> None:
    cells = random_cells(2000, 0.3, 1000.0)
    shuffled = _worth(cells)
    heaped = _worth(KindedCells(cells.xy, np.where(cells.xy[:, 0] < 300, 0, 1)))
    assert heaped < shuffled / 20
    assert shuffled <= 2000


def test_repeating_every_cell_in_its_place_adds_next_to_no_worth() -> None:
    heaped = random_cells(400, 0.3, 1000.0)
    cells = KindedCells(heaped.xy, np.where(heaped.xy[:, 0] < 300, 0, heaped.kind))
    assert _worth(KindedCells.concatenate([cells] * 3)) == pytest.approx(_worth(cells), rel=0.05)


def test_few_cells_of_one_field_are_worth_less_than_their_blocks_show() -> None:
    few, many = random_cells(100, 0.5, 100.0), random_cells(20_000, 0.5, 100.0)
    assert _worth(few) < 100 * 0.6
    assert _worth(many) > 20_000 / 3


@given(count=st.integers(2, 15), side=st.floats(1, 1e5), seed=st.integers(0, 100))
def test_very_few_cells_are_worth_nearly_as_many_wherever_they_lie(
    count: int, side: float, seed: int
) -> None:
    kind = np.where(np.arange(count) < 1, 0, 1)
    cells = KindedCells(random_cells(count, 0.5, side, seed).xy, kind)
    index = index_of("x", [Sample.whole("s", cells)], Seed(0))
    assert 0.6 * count < _worth(cells) <= count
    assert index.interval is not None
    assert index.wilson is not None
    # Wider than that of independent cells, but it says something.
    assert 0 < index.interval.low < index.wilson.low < index.wilson.high < index.interval.high < 1


def test_fields_far_apart_show_by_themselves_what_one_field_cannot() -> None:
    cells = random_cells(100, 0.5, 100.0)
    apart = [
        Sample.whole("s", KindedCells(cells.xy + 1e5 * place, cells.kind), f"region {place}")
        for place in range(4)
    ]
    whole = index_of("x", apart, Seed(0)).precision
    three = index_of("x", apart[:3], Seed(0)).precision
    assert whole is not None
    assert three is not None
    assert whole.effective_cells > 1.5 * three.effective_cells


def test_cells_of_one_kind_are_taken_for_independent() -> None:
    assert _worth(random_cells(300, 0.0, 1000.0)) == pytest.approx(300)


def test_regions_that_differ_are_uncertainty_unless_they_are_strata() -> None:
    parts = [
        Sample.whole("s", KindedCells(part.xy + 1e5 * number, part.kind), f"region {number}")
        for number, part in enumerate(
            random_cells(300, share, 300.0, number)
            for number, share in enumerate((0.05, 0.1, 0.3, 0.6))
        )
    ]
    sampled = index_of("x", parts, Seed(0))
    strata = index_of("x", parts, Seed(0), IndexOptions(strata=True))
    assert sampled.precision is not None
    assert strata.precision is not None
    assert sampled.precision.grouped_by == "regions"
    assert strata.precision.grouped_by == "blocks"
    assert strata.precision.effective_cells > 20 * sampled.precision.effective_cells
    assert sampled.value == strata.value
