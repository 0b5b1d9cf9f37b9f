"""Tumour cells counted on a square grid, and the numbers in any square made of its sites at once.

The grid starts at the slide's corner, so that which cells there are moves no site. A site holds its upper and
left edge, but not its lower and right one.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from patherea_core.errors import InputError, ScaleError
from patherea_core.geometry import Floats, Ints
from patherea_core.index.kinds import KindedCells

#: A grid with more sites than this would not fit in memory.
_MOST_SITES = 1 << 26


@dataclass(frozen=True, slots=True, eq=False)
class SiteCounts:
    """Cells of a grid that covers all tumour cells of a slide.

    Attributes:
        step: side of a site in base pixels.
        first_row: number of the first row of sites; row r begins at y = r · step.
        first_column: number of the first column of sites.
        positive_before: (h + 1, w + 1) positive cells above and to the left of each corner of the sites.
        tumour_before: (h + 1, w + 1) tumour cells above and to the left of it.
    """

    step: float
    first_row: int
    first_column: int
    positive_before: Ints
    tumour_before: Ints

    @classmethod
    def of(cls, cells: KindedCells, step: float, margin: int = 0) -> Self:
        """Count the tumour cells, one at the least.

        Args:
            cells: of one slide.
            step: side of a site in base pixels.
            margin: rows and columns of empty sites on every side.

        Raises:
            InputError: there is no tumour cell, or the grid has far too many sites.
            ScaleError: the step is no positive number.
        """
        if not 0 < step < np.inf:
            raise ScaleError(f"the side of a site must be a positive number of pixels, not {step}")
        tumour = cells.tumour()
        if not len(tumour):
            raise InputError("there is no tumour cell to count; ask only where there is one")
        site = np.floor(tumour.xy / step)
        low, high = site.min(axis=0) - margin, site.max(axis=0) + margin
        width, height = (high - low + 1).tolist()
        if width * height > _MOST_SITES:
            raise InputError(
                f"a grid of {width:,.0f} × {height:,.0f} sites is too large; check that positions are "
                "base pixels, and the slide's mpp, or take larger windows"
            )
        column, row = (site - low).astype(np.int64).T
        size = (int(height), int(width))
        flat = row * size[1] + column
        first_column, first_row = low.astype(np.int64).tolist()
        return cls(
            step,
            first_row,
            first_column,
            _summed(flat[tumour.positive], size),
            _summed(flat, size),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of sites (h, w)."""
        height, width = self.tumour_before.shape
        return height - 1, width - 1

    def squares(self, row: Ints, column: Ints, sites: Ints) -> tuple[Ints, Ints]:
        """Return positive and tumour cells of squares that lie in the grid.

        Args:
            row: (S,) of the upper left site of each, counted from the first.
            column: (S,) of the same.
            sites: (S,) along its side.
        """
        return (
            _between(self.positive_before, row, column, sites),
            _between(self.tumour_before, row, column, sites),
        )

    def filled(self, row: Ints, column: Ints, sites: int, part: int) -> Floats:
        """Return how much of each square has tumour: (S,) the share of its parts with a tumour cell.

        Args:
            row: (S,) of the upper left site of each square, counted from the first.
            column: (S,) of the same.
            sites: along the side of a square.
            part: sites along the side of a part; parts begin at every site.
        """
        height, width = (extent - part + 1 for extent in self.shape)
        rows, columns = np.divmod(np.arange(height * width), width)
        tumour = self.squares(rows, columns, np.full(len(rows), part))[1]
        before = _summed(np.flatnonzero(tumour), (height, width))
        across = sites - part + 1
        filled: Floats = _between(before, row, column, np.full(len(row), across)) / across**2
        return filled


def _summed(flat: Ints, size: tuple[int, int]) -> Ints:
    counts = np.bincount(flat, minlength=size[0] * size[1]).reshape(size)
    before = np.zeros((size[0] + 1, size[1] + 1), dtype=np.int64)
    np.cumsum(np.cumsum(counts, axis=0), axis=1, out=before[1:, 1:])
    return before


def _between(before: Ints, row: Ints, column: Ints, sites: Ints) -> Ints:
    below, right = row + sites, column + sites
    found: Ints = (
        before[below, right] - before[row, right] - before[below, column] + before[row, column]
    )
    return found
