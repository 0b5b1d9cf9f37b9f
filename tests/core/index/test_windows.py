"""Candidates and their order against squares counted one by one."""

from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, ScaleError
from patherea_core.geometry import Ints
from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.index.rivals import disjoint
from patherea_core.index.sites import SiteCounts
from patherea_core.index.windows import (
    SITE_MICROMETRES,
    SITES_PER_SIDE,
    FixedArea,
    NumberOfCells,
    Windows,
    gridded,
    windows_of,
)
from tests.core.index.scattered import at, random_cells

#: Windows of 32 sites, each of 1 µm.
SMALL = FixedArea((SITES_PER_SIDE / 1000) ** 2, least_cells=3, least_filled=0.2)
MANY = NumberOfCells(5, largest_side_micrometres=6 * SITE_MICROMETRES)


class Square(NamedTuple):
    """A window in sites of the slide, in the order of preference."""

    share: Fraction
    tumour: int
    row: int
    column: int
    sites: int


def preference(square: Square) -> tuple[Fraction, int, int, int]:
    return -square.share, -square.tumour, square.row, square.column


def counted_one_by_one(cells: KindedCells, kind: FixedArea | NumberOfCells) -> list[Square]:
    """Return every candidate of a slide of 1 µm a pixel, in order."""
    site = np.floor(cells.xy / kind.site_micrometres).astype(int)
    sizes = [SITES_PER_SIDE] if isinstance(kind, FixedArea) else range(1, kind.largest_sites + 1)
    least = kind.least_cells if isinstance(kind, FixedArea) else kind.cells
    found = []
    last_column, last_row = site.max(axis=0)
    for row in range(last_row + 1):
        for column in range(last_column + 1):
            for sites in sizes:
                x, y = site[:, 0] - column, site[:, 1] - row
                within = (x >= 0) & (x < sites) & (y >= 0) & (y < sites)
                tumour = np.count_nonzero(within)
                if tumour >= least and filled(x[within], y[within], sites, kind):
                    share = Fraction(int(np.count_nonzero(within & cells.positive)), int(tumour))
                    found.append(Square(share, int(tumour), row, column, sites))
                    break
    return sorted(found, key=preference)


def filled(x: Ints, y: Ints, sites: int, kind: FixedArea | NumberOfCells) -> bool:
    if isinstance(kind, NumberOfCells):
        return True
    occupied = np.zeros((sites, sites), dtype=np.bool_)
    occupied[y, x] = True
    parts = np.lib.stride_tricks.sliding_window_view(occupied, (4, 4)).any(axis=(2, 3))
    return bool(parts.mean() >= kind.least_filled)


def squares(windows: Windows, counts: SiteCounts) -> list[Square]:
    return [
        Square(
            Fraction(int(windows.positive[k]), int(windows.tumour[k])),
            int(windows.tumour[k]),
            int(windows.row[k]) + counts.first_row,
            int(windows.column[k]) + counts.first_column,
            int(windows.sites[k]),
        )
        for k in range(len(windows))
    ]


def first_without_common_sites(ordered: list[Square]) -> list[Square]:
    chosen: list[Square] = []
    for one in ordered:
        taken = any(
            one.row < other.row + other.sites
            and other.row < one.row + one.sites
            and one.column < other.column + other.sites
            and other.column < one.column + one.sites
            for other in chosen
        )
        if not taken:
            chosen.append(one)
    return chosen


@settings(max_examples=8, deadline=None)
@given(
    count=st.integers(1, 60),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    kind=st.sampled_from([SMALL, MANY]),
    seed=st.integers(0, 1000),
)
def test_the_search_finds_what_counting_one_by_one_finds(
    count: int, share: float, kind: FixedArea | NumberOfCells, seed: int
) -> None:
    extent = 35.0 if isinstance(kind, FixedArea) else 260.0
    # Whole micrometres put cells on edges of sites and make ties.
    made = random_cells(count, share, extent, seed)
    cells = KindedCells(made.xy.round(), made.kind)
    counts = gridded(cells, kind, 1.0)
    ordered = windows_of(counts, kind).ordered()
    expected = counted_one_by_one(cells, kind)
    assert squares(ordered, counts) == expected
    assert squares(disjoint(ordered), counts) == first_without_common_sites(expected)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_neither_the_order_of_cells_nor_cells_elsewhere_move_a_window(seed: int) -> None:
    cells = random_cells(200, 0.3, 400.0, seed)
    shuffled = cells.take(np.random.default_rng(seed).permutation(len(cells)))
    far = KindedCells.concatenate([at((5000, 7000, Kind.NEGATIVE)), cells])
    found = []
    for some in (cells, shuffled, far):
        counts = gridded(some, MANY, 1.0)
        found.append(squares(windows_of(counts, MANY).ordered(), counts))
    assert found[0] == found[1]
    # Windows that the last cell alone brings into the grid begin where there were no sites before.
    assert found[0] == found[2]


def test_a_finer_pixel_changes_no_window() -> None:
    cells = random_cells(200, 0.3, 400.0)
    fine = KindedCells(cells.xy * 4, cells.kind)
    one, other = (
        squares(windows_of(counts, MANY).ordered(), counts)
        for counts in (gridded(cells, MANY, 1.0), gridded(fine, MANY, 0.25))
    )
    assert one == other


def test_upper_and_left_edges_belong_to_a_site_and_the_others_do_not() -> None:
    cells = at((25, 25, Kind.POSITIVE), (50, 25, Kind.NEGATIVE), (25, 50, Kind.NEGATIVE))
    counts = gridded(cells, MANY, 1.0)
    row, column, one = (np.array([value]) for value in (-counts.first_row + 1,) * 2 + (1,))
    positive, tumour = counts.squares(row, column, one)
    assert (positive.tolist(), tumour.tolist()) == ([1], [1])


def test_no_window_begins_outside_the_slide() -> None:
    cells = random_cells(300, 0.3, 100.0)
    for kind in (SMALL, MANY):
        counts = gridded(cells, kind, 1.0)
        windows = windows_of(counts, kind)
        assert windows.row.min() + counts.first_row == 0
        assert windows.column.min() + counts.first_column == 0


def test_a_corner_of_the_tumour_in_an_empty_window_is_no_candidate() -> None:
    cells = random_cells(40_000, 0.3, 200.0)
    kind = FixedArea(SMALL.square_millimetres, least_cells=1, least_filled=0.5)
    counts = gridded(cells, kind, 1.0)
    windows = windows_of(counts, kind)
    overlap = np.minimum(200 - windows.row - counts.first_row, 32) * np.minimum(
        200 - windows.column - counts.first_column, 32
    )
    # A part beyond the edge that holds one row of the tumour counts as tumour.
    assert 0.4 * 32**2 < overlap.min() < 0.5 * 32**2


def test_cells_that_are_not_counted_change_nothing() -> None:
    cells = random_cells(200, 0.3, 400.0)
    more = KindedCells.concatenate(
        [cells, KindedCells(random_cells(500, 0.3, 400.0, 1).xy, np.full(500, 2))]
    )
    one, other = (windows_of(gridded(some, MANY, 1.0), MANY).ordered() for some in (cells, more))
    assert one.share.tolist() == other.share.tolist()


@pytest.mark.parametrize("mpp", [0.0, -1.0, float("nan"), float("inf")])
def test_a_slide_needs_its_scale(mpp: float) -> None:
    with pytest.raises(ScaleError):
        gridded(random_cells(3, 0.3, 10.0), MANY, mpp)


def test_positions_in_another_unit_are_refused_before_memory_runs_out() -> None:
    cells = at((0, 0, Kind.POSITIVE), (1e9, 1e9, Kind.NEGATIVE))
    with pytest.raises(InputError, match="check that positions are base pixels"):
        gridded(cells, MANY, 1.0)


def test_without_tumour_cells_there_is_no_grid() -> None:
    with pytest.raises(InputError, match="no tumour cell"):
        SiteCounts.of(at((0, 0, Kind.NOT_COUNTED)), 1.0)
    with pytest.raises(ScaleError, match="side of a site"):
        SiteCounts.of(at((0, 0, Kind.POSITIVE)), 0.0)


def test_nonsense_windows_are_refused() -> None:
    for make in (
        lambda: FixedArea(0.0),
        lambda: FixedArea(2.0, least_cells=0),
        lambda: FixedArea(2.0, least_filled=1.5),
        lambda: NumberOfCells(0),
        lambda: NumberOfCells(500, largest_side_micrometres=1.0),
    ):
        with pytest.raises(InputError):
            make()
