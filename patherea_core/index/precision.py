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
part is added to the design effect (see ``heaps``). Of fewer than 16 cells no grouping tells anything:
they are taken for independent, but for that part.
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
from patherea_core.index.heaps import unseen_effect

#: What the cells were grouped by.
Grouping: TypeAlias = Literal["cells", "blocks", "regions", "slides"]

#: At the least so many blocks are made of the cells, if there are as many cells.
BLOCKS = (8, 16)
#: Of fewer cells than these, two for each block, no group tells how far positive cells lie together.
FEWEST_CELLS = 2 * BLOCKS[0]
#: Fewer regions or slides than these tell nothing of how far regions or slides differ.
LEAST_GROUPS = 4
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
        fields: regions with tumour cells.
    """

    cells: int
    effective_cells: float
    grouped_by: Grouping
    groups: int
    assumed: float = 0.0
    fields: int = 1

    @property
    def known(self) -> bool:
        """Whether the cells are enough to tell how far positive ones lie together."""
        return self.cells >= FEWEST_CELLS

    @property
    def design_effect(self) -> float:
        """How many counted cells are worth one independent cell, at the least 1."""
        return self.cells / self.effective_cells

    def design_effect_of(self, cells: int) -> float:
        """Return what the design effect would be of so many cells in as many fields and groups.

        What the groups show stays; of what is assumed, larger blocks need less.
        """
        if not self.assumed:
            return self.design_effect
        assumed = unseen_effect(cells / self.fields, cells / self.groups)
        return max(1.0, self.design_effect - self.assumed + assumed)


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
    fields = int(np.count_nonzero(np.bincount(rows.region)))
    if total < FEWEST_CELLS:
        unseen = _unseen(everything, fields, strata=strata)
        effective = independent / (1 + unseen)
        return Precision(total, effective, "cells", total, unseen, fields), chosen
    seen = 0.0
    for name, group in _groupings(rows, strata=strata):
        variance = _variance(rows, group, strata=strata)
        if name != "blocks" and variance <= seen:
            continue
        seen = max(seen, variance)
        effective = _effective(rows, group, variance, level)
        unseen = _unseen(group, fields, strata=strata) if name == "blocks" else 0.0
        if unseen:
            effective = 1 / (1 / effective + unseen / independent)
        if effective < best.effective_cells or best.grouped_by == "cells":
            least = min(effective, best.effective_cells)
            groups = int(group.max()) + 1
            best, chosen = Precision(total, least, name, groups, unseen, fields), group
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


def _unseen(group: Ints, fields: int, *, strata: bool) -> float:
    if fields >= LEAST_GROUPS and not strata:
        return 0.0  # regions far from each other show it
    return unseen_effect(len(group) / fields, len(group) / (int(group.max()) + 1))


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
