"""Whether the stain of cells agrees with their class: a second opinion on positive and negative.

The threshold of stain does not know the classes, so a systematic error of theirs shows.
"""

from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.intervals import percentiles, require_share
from patherea_core.evaluation.resampling import resampled
from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.index.stain_threshold import FEWEST, USUAL, StainThreshold, stain_threshold
from patherea_core.seeding import Seed

#: Share of unclear cells above which it is said that the slide does not part them.
MANY_UNCLEAR = 0.10

#: Micrometres along the side of the squares that are drawn together for intervals, and how many it takes.
_BLOCK, _FEWEST_BLOCKS = 100.0, 10


@dataclass(frozen=True, slots=True, eq=False)
class StainCheck:
    """How far stain and class of the tumour cells of a slide agree.

    Attributes:
        cells: the N tumour cells, positive and negative.
        row: (N,) where each stands among the cells that were given.
        dab: (N,) optical density of DAB at each.
        threshold: above which a cell is stained.
        agreement: share of cells that are positive and stained, or neither.
        kappa: Cohen's, of class and stain.
        blocks: how many squares of the slide were drawn for intervals, the threshold held; of fewer than ten
            there is no interval.
        level: of the intervals.
    """

    cells: KindedCells
    row: Ints
    dab: Floats
    threshold: StainThreshold
    agreement: Estimate
    kappa: Estimate
    blocks: int
    level: float

    @property
    def stained(self) -> Bools:
        """(N,) whether a cell is above the threshold."""
        stained: Bools = self.dab > self.threshold.value
        return stained

    @property
    def unclear(self) -> Bools:
        """(N,) whether a cell is so near the threshold that its stain says little."""
        near: Bools = (self.dab > self.threshold.low) & (self.dab <= self.threshold.high)
        return near

    @property
    def disagrees(self) -> Bools:
        """(N,) whether a cell is clearly stained but negative, or clearly unstained but positive."""
        wrong: Bools = (self.stained != self.cells.positive) & ~self.unclear
        return wrong

    @property
    def counts(self) -> Ints:
        """(2, 2) cells: rows positive and negative, columns stained and not."""
        return _table(self.cells.positive, self.stained)

    def to_dict(self) -> dict[str, object]:
        """Return all figures ready for JSON; what is undefined is None."""
        (both, missing), (without, neither) = self.counts.tolist()
        threshold = self.threshold
        return {
            "cells": len(self.cells),
            "positive_stained": both,
            "positive_unstained": missing,
            "negative_stained": without,
            "negative_unstained": neither,
            "unclear": int(self.unclear.sum()),
            "disagreeing": int(self.disagrees.sum()),
            "agreement": self.agreement.figures(),
            "kappa": self.kappa.figures(),
            "threshold": threshold.value,
            "unclear_between": [threshold.low, threshold.high],
            "unstained": threshold.unstained,
            "spread_of_unstained": threshold.spread,
            "blocks": self.blocks,
            "level": self.level,
        }


def stain_check(
    cells: KindedCells, dab: Floats, base_mpp: float, seed: Seed, level: float = 0.95
) -> StainCheck:
    """Return how far the stain of tumour cells agrees with their class.

    Args:
        cells: of one slide; those that are not counted take no part.
        dab: (N,) optical density of DAB at each of them (see ``stain_density``).
        base_mpp: micrometres per base pixel.
        seed: root of the stream "bootstrap".
        level: of the intervals.

    Raises:
        ShapeError: there is not one finite density for every cell.
        InputError: the level is no share, or there is no tumour cell.
    """
    require_share(level)
    if dab.shape != (len(cells),) or not np.isfinite(dab).all():
        raise ShapeError(f"{len(cells)} cells need as many finite densities, not {dab.shape}")
    row = np.flatnonzero(cells.kind != Kind.NOT_COUNTED)
    if not len(row):
        raise InputError(
            f"none of the {len(cells)} cells is a positive or negative tumour cell, so there is no stain to "
            "check; say which classes are"
        )
    tumour, densities = cells.take(row), dab[row]
    threshold = stain_threshold(densities)
    stained = densities > threshold.value
    blocks = _blocks(tumour, stained, _BLOCK / base_mpp)
    agreement, kappa = _scores(blocks.sum(axis=0, dtype=np.float64))
    draws = resampled(blocks, seed, 2000) if len(blocks) >= _FEWEST_BLOCKS else None
    intervals = (
        (None, None)
        if draws is None
        else tuple(percentiles(drawn, level) for drawn in _scores(draws))
    )
    return StainCheck(
        tumour,
        row,
        densities,
        threshold,
        Estimate(float(agreement), intervals[0]),
        Estimate(float(kappa) if np.isfinite(kappa) else None, intervals[1]),
        len(blocks),
        level,
    )


def remarks(check: StainCheck) -> tuple[str, ...]:
    """Return in sentences what a reader must know before he trusts a check; none if nothing is amiss."""
    found = []
    unclear, count = int(check.unclear.sum()), len(check.cells)
    if check.threshold.unstained is None:
        why = f"only {count} cells" if count < FEWEST else "no cluster of unstained cells"
        found.append(
            f"the slide has {why} to tell its own threshold of DAB; the usual one, an optical density of "
            f"{USUAL:g}, was taken"
        )
    if unclear > MANY_UNCLEAR * count:
        found.append(
            f"{unclear} of {count} cells lie near the threshold, so the stain does not part this slide's "
            "cells well; look at some before you trust the agreement"
        )
    if check.kappa.value is None:
        found.append(
            "class and stain are the same for all cells, so that kappa is undefined; the agreement is not"
        )
    return tuple(found)


def _table(positive: Bools, stained: Bools) -> Ints:
    return np.bincount(2 * ~positive + ~stained, minlength=4).reshape(2, 2)


def _blocks(cells: KindedCells, stained: Bools, side: float) -> Ints:
    """Return (G, 4) cells of each square of the slide that has some, in the order of ``_table``."""
    square = np.floor(cells.xy / side).astype(np.int64)
    _, block = np.unique(square, axis=0, return_inverse=True)
    which = 4 * block.reshape(-1) + 2 * ~cells.positive + ~stained
    return np.bincount(which, minlength=4 * (int(block.max()) + 1)).reshape(-1, 4)


def _scores(counts: Floats) -> tuple[Floats, Floats]:
    """Return agreement and Cohen's kappa of (…, 4) counts; NaN where kappa is undefined."""
    total = counts.sum(axis=-1)
    agreement = (counts[..., 0] + counts[..., 3]) / total
    positive, stained = counts[..., :2].sum(axis=-1) / total, counts[..., ::2].sum(axis=-1) / total
    by_chance = positive * stained + (1 - positive) * (1 - stained)
    beyond = 1 - by_chance
    kappa = np.full(np.shape(total), np.nan)
    np.divide(agreement - by_chance, beyond, out=kappa, where=beyond > 1e-12)
    return agreement, kappa
