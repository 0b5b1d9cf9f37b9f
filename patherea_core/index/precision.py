"""How many independent cells an index is worth.

Positive cells lie together, so that n cells of a slide tell less than n cells drawn at random. How much
less is seen from how far groups of neighbouring cells differ: the variance of the index between them,
against that of independent cells, is the design effect. The interval is the exact one of a share
(Clopper and Pearson, 1934) of as many cells as are left, fewer still because few groups tell the
variance badly (Korn and Graubard, 1998). So it also says something where no cell is positive, which a
bootstrap does not.

The groups are blocks of a square grid over the cells, once at least 8 and once at least 16 of them. Four
regions or more are groups too where they differ more than blocks do, and so are slides. The grouping
that leaves the fewest cells counts, since groups that are too small for the heaps of positive cells make
the interval too narrow.

Nothing inside of one small field tells that it lies in a heap. So for what its blocks cannot show a usual
part is added to the design effect, all of it where blocks are small and none where they are large: 2.5 times
the part of a heap that the field holds, times the part of a heap that a block lacks (``_unseen``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import betaincinv, ndtri, stdtrit

from patherea_core.errors import InputError
from patherea_core.evaluation.intervals import Interval, require_share
from patherea_core.geometry import Bools, Floats, Ints

#: What the cells were grouped by.
Grouping: TypeAlias = Literal["cells", "blocks", "regions", "slides"]

#: At the least so many blocks are made of the cells, if there are as many cells.
BLOCKS = (8, 16)
#: Fewer regions or slides than these tell nothing of how far regions or slides differ.
LEAST_GROUPS = 4
#: Cells of a usual heap, and the design effect that heaps add to the 1 of independent cells in a large field.
#: Set so that intervals hold in fields of 50 to 200 cells that are strongly alike (docs/ki67.md).
HEAP_CELLS, HEAP_EFFECT = 55.0, 2.5
#: A block is never smaller than this part of where the cells lie, so that cells in one place end the search.
_SMALLEST_PART = 2.0**-24


@dataclass(frozen=True, slots=True, eq=False)
class CountedRows:
    """Tumour cells of one or more regions, with what an estimate needs of each.

    Attributes:
        xy: (N, 2) base pixels of the cell's slide.
        positive: (N,) whether it is positive.
        weight: (N,) its part in the index; all together 1.
        region: (N,) number of its region.
        slide: (N,) number of its slide.
    """

    xy: Floats
    positive: Bools
    weight: Floats
    region: Ints
    slide: Ints

    @property
    def share(self) -> float:
        """The index."""
        # Rounding must not make a share of all or of none into something else.
        if self.positive.all() or not self.positive.any():
            return float(self.positive[0])
        return float(self.weight @ self.positive)


@dataclass(frozen=True, slots=True)
class Precision:
    """What the cells of an index are worth.

    Attributes:
        cells: tumour cells counted.
        effective_cells: as many independent cells would tell as much; never more than ``cells``.
        grouped_by: the grouping that says so; "cells" where there is none, or where all cells are of one
            kind, so that they are taken for independent.
        groups: how many groups.
        assumed: the part of the design effect that no group shows and that is taken for granted, since
            positive cells usually lie together; 0 in large fields, and in four or more.
    """

    cells: int
    effective_cells: float
    grouped_by: Grouping
    groups: int
    assumed: float = 0.0

    @property
    def design_effect(self) -> float:
        """How many counted cells are worth one independent cell, at the least 1."""
        return self.cells / self.effective_cells


def precision_of(
    rows: CountedRows, *, level: float = 0.95, strata: bool = False
) -> tuple[Precision, Ints]:
    """Return what the cells are worth, and the group of each: (N,).

    Args:
        rows: one cell at the least.
        level: of the interval that it serves.
        strata: whether the regions are all that is asked about, and no sample of it; then that they differ
            from each other is no uncertainty.
    """
    total, everything = len(rows.xy), np.arange(len(rows.xy))
    independent = 1 / float((rows.weight**2).sum())
    best = Precision(total, min(float(total), independent), "cells", total)
    chosen = everything
    if not 0 < rows.share < 1:
        return best, chosen
    seen = 0.0
    for name, group in _groupings(rows, strata=strata):
        variance = _variance(rows, group, strata=strata)
        if name != "blocks" and variance <= seen:
            continue
        seen = max(seen, variance)
        effective = _effective(rows, group, variance, level)
        unseen = _unseen(rows, group, strata=strata) if name == "blocks" else 0.0
        if unseen:
            effective = 1 / (1 / effective + unseen / independent)
        if effective < best.effective_cells or best.grouped_by == "cells":
            least = min(effective, best.effective_cells)
            best, chosen = Precision(total, least, name, int(group.max()) + 1, unseen), group
    return best, chosen


def _groupings(rows: CountedRows, *, strata: bool) -> Sequence[tuple[Grouping, Ints]]:
    found: list[tuple[Grouping, Ints]] = [
        ("blocks", blocks(rows.xy, rows.slide, least)) for least in BLOCKS
    ]
    if not strata:
        named: tuple[tuple[Grouping, Ints], ...] = (
            ("regions", rows.region),
            ("slides", rows.slide),
        )
        found += [(name, _numbered(key)) for name, key in named]
    return [
        (name, group)
        for name, group in found
        if group.max() + 1 >= (2 if name == "blocks" else LEAST_GROUPS)
    ]


def _variance(rows: CountedRows, group: Ints, *, strata: bool) -> float:
    """Return the variance of the index that the groups show."""
    middle: Floats | float = rows.share
    if strata:
        weights = np.bincount(rows.region, rows.weight)
        means = np.bincount(rows.region, rows.weight * rows.positive)
        middle = (means / np.where(weights > 0, weights, 1))[rows.region]
    deviations = np.bincount(group, rows.weight * (rows.positive - middle))
    return len(deviations) / (len(deviations) - 1) * float((deviations**2).sum())


def _effective(rows: CountedRows, group: Ints, variance: float, level: float) -> float:
    """Return how many independent cells tell as much as groups with this variance."""
    if not variance:
        return math.inf
    # Groups of very different sizes are worth fewer equal ones.
    alike = 1 / float((np.bincount(group, rows.weight) ** 2).sum())
    tail = (1 + level) / 2
    few = float(ndtri(tail) / stdtrit(max(1.0, alike - 1), tail))
    return rows.share * (1 - rows.share) / variance * few**2


def _unseen(rows: CountedRows, group: Ints, *, strata: bool) -> float:
    """Return what heaps add to the design effect that blocks are too small to show."""
    fields = int(np.count_nonzero(np.bincount(rows.region)))
    if fields >= LEAST_GROUPS and not strata:
        return 0.0  # regions far from each other show it
    of_field, of_block = (len(group) / count for count in (fields, int(group.max()) + 1))
    held, shown = (cells / (cells + HEAP_CELLS) for cells in (of_field, of_block))
    return HEAP_EFFECT * held * (1 - shown)


def blocks(xy: Floats, slide: Ints, least: int) -> Ints:
    """Return the block of each cell: (N,) numbers from 0.

    Blocks are the squares of one grid for all slides, from the upper left corner of each slide's cells. They
    are as large as leaves at least so many of them with cells in them, in steps of the square root of 2.

    Args:
        xy: (N, 2) positions.
        slide: (N,) number of the slide.
        least: how many blocks are wanted; fewer are made only if there are fewer places.
    """
    corner = np.full((int(slide.max()) + 1, 2), np.inf)
    np.minimum.at(corner, slide, xy)
    from_corner = xy - corner[slide]
    extent = float(from_corner.max())
    side = extent or 1.0
    while True:
        across = int(extent / side) + 1
        column, row = np.floor(from_corner / side).astype(np.int64).T
        group = _numbered((slide * across + row) * across + column)
        if group.max() + 1 >= least or side <= extent * _SMALLEST_PART or not extent:
            return group
        side /= math.sqrt(2)


def _numbered(keys: Ints) -> Ints:
    numbers: Ints = np.unique(keys, return_inverse=True)[1].astype(np.int64)
    return numbers


def exact_interval(hits: float, of: float, *, level: float = 0.95) -> Interval:
    """Return Clopper and Pearson's interval of a share, also of cells that are no whole numbers.

    Args:
        hits: cells that are of the kind.
        of: all cells.
        level: share of such intervals that hold the true share, at the least.

    Raises:
        InputError: the level is no share, there is no cell, or there are more hits than cells.
    """
    require_share(level)
    if not (0 <= hits <= of and of > 0):
        raise InputError(f"{hits} of {of} cells is no share")
    tail = (1 - level) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, of - hits + 1, tail))
    high = 1.0 if hits == of else float(betaincinv(hits + 1, of - hits, 1 - tail))
    return Interval(low, high)
