"""The squares among which a hotspot is sought, and their order: which is the most positive one.

All squares lie on one grid that starts at the slide's corner, so the candidates are the same however
cells come and whoever counts. Of each site as upper left corner there is one candidate: of a fixed area,
the square of that area; of a number of cells, the smallest square that has as many. The search is exact
among these, not among all squares in the plane: what is lost by that is measured in docs/ki67.md.
"""

import math
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError, ScaleError
from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.index.kinds import KindedCells
from patherea_core.index.sites import SiteCounts

#: Sites along the side of a window of fixed area.
SITES_PER_SIDE = 32
#: Sites along the side of a part by which it is seen how much of a window has tumour.
_PART = SITES_PER_SIDE // 8
#: Micrometres along the side of a site, for windows of a number of cells.
SITE_MICROMETRES = 25.0


@dataclass(frozen=True, slots=True)
class FixedArea:
    """Windows of one area.

    Attributes:
        square_millimetres: the area, say 2.
        least_cells: tumour cells that a window needs; with few, chance alone makes the highest index.
        least_filled: share of a window that needs tumour, so that the edge of a tumour in an else empty
            window is no hotspot; in [0, 1]. There is tumour where an eighth of the side has a cell.
    """

    square_millimetres: float = 2.0
    least_cells: int = 500
    least_filled: float = 0.25

    def __post_init__(self) -> None:
        if not 0 <= self.least_filled <= 1:
            raise InputError(
                f"the share of a window with tumour lies between 0 and 1, not {self.least_filled}"
            )
        if not 0 < self.square_millimetres < math.inf:
            raise InputError(f"a window needs a positive area, not {self.square_millimetres} mm²")
        _check_cells(self.least_cells)

    @property
    def side_micrometres(self) -> float:
        """Side of the window."""
        return 1000 * math.sqrt(self.square_millimetres)

    @property
    def site_micrometres(self) -> float:
        """Side of a site."""
        return self.side_micrometres / SITES_PER_SIDE


@dataclass(frozen=True, slots=True)
class NumberOfCells:
    """Windows as small as hold so many tumour cells.

    Attributes:
        cells: tumour cells of a window at the least, say 500 or 1,000.
        largest_side_micrometres: a window with the cells farther apart than this is no hotspot.
    """

    cells: int = 500
    largest_side_micrometres: float = 2000.0

    def __post_init__(self) -> None:
        _check_cells(self.cells)
        if not SITE_MICROMETRES <= self.largest_side_micrometres < math.inf:
            raise InputError(
                f"windows need sides of at least {SITE_MICROMETRES:g} µm, not up to "
                f"{self.largest_side_micrometres}"
            )

    @property
    def site_micrometres(self) -> float:
        """Side of a site."""
        return SITE_MICROMETRES

    @property
    def largest_sites(self) -> int:
        """Sites along the side of the largest window."""
        return int(self.largest_side_micrometres / SITE_MICROMETRES)


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Squares of sites, and their cells.

    Attributes:
        row: (S,) of the upper left site, counted from the grid's first.
        column: (S,) of the same.
        sites: (S,) along the side.
        positive: (S,) positive tumour cells.
        tumour: (S,) tumour cells, one at the least.
    """

    row: Ints
    column: Ints
    sites: Ints
    positive: Ints
    tumour: Ints

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: Bools | Ints) -> "Windows":
        """Return the windows that a mask or an index array selects."""
        return Windows(
            self.row[rows],
            self.column[rows],
            self.sites[rows],
            self.positive[rows],
            self.tumour[rows],
        )

    @property
    def share(self) -> Floats:
        """(S,) the index of each.

        Two shares are equal as floats just if they are equal as fractions, with fewer than 60 million cells
        in a window.
        """
        share: Floats = self.positive / self.tumour
        return share

    def ordered(self) -> "Windows":
        """Return the highest index first; of equal ones more cells first, then upper, then left ones."""
        return self.take(np.lexsort((self.column, self.row, -self.tumour, -self.share)))

    def apart_from(self, number: int) -> Bools:
        """Tell of each whether it shares no site with one of them: (S,)."""
        row, column, sites = self.row[number], self.column[number], self.sites[number]
        apart: Bools = (
            (self.row >= row + sites)
            | (row >= self.row + self.sites)
            | (self.column >= column + sites)
            | (column >= self.column + self.sites)
        )
        return apart


def gridded(cells: KindedCells, kind: FixedArea | NumberOfCells, mpp: float) -> SiteCounts:
    """Return the tumour cells on the grid of a kind of window.

    Args:
        cells: of one slide, one tumour cell at the least.
        kind: of the windows.
        mpp: micrometres per base pixel.

    Raises:
        ScaleError: the pixel size is no positive number.
        InputError: there is no tumour cell, or the slide is far too large for such windows.
    """
    if not 0 < mpp < math.inf:
        raise ScaleError(f"the slide's pixel size must be a positive number of µm, not {mpp}")
    margin = SITES_PER_SIDE - 1 if isinstance(kind, FixedArea) else kind.largest_sites
    return SiteCounts.of(cells, kind.site_micrometres / mpp, margin)


def windows_of(counts: SiteCounts, kind: FixedArea | NumberOfCells) -> Windows:
    """Return all candidates, in the order of their rows and columns.

    None begins above or to the left of the slide, unless cells do; below and to the right they may reach
    beyond it.
    """
    if isinstance(kind, FixedArea):
        return _fixed(counts, kind)
    return _smallest(counts, kind)


def _fixed(counts: SiteCounts, kind: FixedArea) -> Windows:
    row, column = _corners(counts, SITES_PER_SIDE - 1, SITES_PER_SIDE - 1)
    sites = np.full(len(row), SITES_PER_SIDE)
    filled = counts.filled(row, column, SITES_PER_SIDE, _PART) >= kind.least_filled
    return _with_cells(counts, row[filled], column[filled], sites[filled], kind.least_cells)


def _smallest(counts: SiteCounts, kind: NumberOfCells) -> Windows:
    """Return of each site the smallest square with enough cells, found by halving."""
    height, width = counts.shape
    row, column = _corners(counts, kind.largest_sites, 0)
    high = np.minimum(np.minimum(height - row, width - column), kind.largest_sites)
    enough = counts.squares(row, column, high)[1] >= kind.cells
    row, column, high = row[enough], column[enough], high[enough]
    low = np.zeros_like(high)
    # Always too few cells in the low square, enough in the high one.
    while len(high) and (high - low).max() > 1:
        middle = (low + high) // 2
        enough = counts.squares(row, column, middle)[1] >= kind.cells
        high = np.where(enough, middle, high)
        low = np.where(enough, low, middle)
    return _with_cells(counts, row, column, high, kind.cells)


def _corners(counts: SiteCounts, margin: int, beyond: int) -> tuple[Ints, Ints]:
    """Return the sites at which windows may begin.

    Args:
        counts: with a margin of empty sites.
        margin: how wide it is.
        beyond: last rows and columns at which none may begin.
    """
    height, width = counts.shape
    first_row = min(max(-counts.first_row, 0), margin)
    first_column = min(max(-counts.first_column, 0), margin)
    row, column = np.divmod(
        np.arange((height - beyond - first_row) * (width - beyond - first_column)),
        width - beyond - first_column,
    )
    return row + first_row, column + first_column


def _with_cells(
    counts: SiteCounts, row: Ints, column: Ints, sites: Ints, least_cells: int
) -> Windows:
    positive, tumour = counts.squares(row, column, sites)
    return Windows(row, column, sites, positive, tumour).take(tumour >= least_cells)


def _check_cells(cells: int) -> None:
    if cells < 1:
        raise InputError(f"a window needs at least one tumour cell, not {cells}")
