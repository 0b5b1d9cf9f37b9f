"""Cells of a slide, made at random or placed by hand."""

import numpy as np

from patherea_core.geometry import Floats
from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.index.samples import Sample


def random_cells(count: int, share: float, side: float, seed: int = 0) -> KindedCells:
    """Return cells anywhere in a square, so many of them positive on average."""
    random = np.random.default_rng(seed)
    positive = random.random(count) < share
    return KindedCells(random.uniform(0, side, (count, 2)), np.where(positive, 0, 1))


def at(*rows: tuple[float, float, Kind]) -> KindedCells:
    """Return cells of places and kinds."""
    return KindedCells(
        np.array([row[:2] for row in rows], dtype=np.float64), np.array([row[2] for row in rows])
    )


def counted(positive: int, negative: int, others: int = 0, *, region: str = "r") -> Sample:
    """Return a region with so many cells, side by side in no order of kinds."""
    kind = np.repeat(np.arange(3), (positive, negative, others))
    kind = np.random.default_rng(0).permutation(kind)
    row, column = np.divmod(np.arange(len(kind), dtype=np.float64), 40)
    xy: Floats = 10 * np.stack([column, row], axis=1)
    return Sample.whole("slide", KindedCells(xy, kind), region)
