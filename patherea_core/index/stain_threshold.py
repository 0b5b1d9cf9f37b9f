"""The density of DAB above which a cell is stained, as the cells of the slide itself tell it.

Most slides have unstained tumour cells, and these lie closely together in density, whatever their share: the
densest quarter of all cells is among them. Where they lie and how far they spread, seen from below where no
stain mixes in, says how dark a cell without stain can look. Otsu's threshold, and that of two normal
distributions, follow how many cells are stained and how darkly, and fail where few are; docs/ki67-study.md
has the figures.
"""

import math
from dataclasses import dataclass

import numpy as np

from patherea_core.geometry import Floats

#: Densities of DAB: that above which a cell usually is stained, where the slide does not tell; that below
#: which none is, however even the unstained ones are; and that which most unstained cells have at the most.
USUAL, LEAST, MOST_UNSTAINED = 0.15, 0.10, 0.15
#: Cells from which on a slide tells its own threshold.
FEWEST = 100
#: Spreads of the unstained cells, above their middle, from which on a cell is stained.
_SPREADS = 6.0
#: Shares of the way from the middle of the unstained cells to the threshold between which a cell is unclear.
_UNCLEAR = (2 / 3, 3 / 2)
#: Least spread of unstained cells, which is that of a grey level or two.
_LEAST_SPREAD = 0.008


@dataclass(frozen=True, slots=True)
class StainThreshold:
    """The optical density of DAB above which a cell is stained.

    Attributes:
        value: the threshold.
        low: a cell above it is not clearly unstained.
        high: a cell up to it is not clearly stained.
        unstained: middle of the unstained cells; None if the slide does not tell, and the usual one is taken.
        spread: theirs, as a standard deviation; None likewise.
    """

    value: float
    low: float
    high: float
    unstained: float | None = None
    spread: float | None = None


def stain_threshold(dab: Floats) -> StainThreshold:
    """Return the threshold that the cells of a slide tell, whatever their class.

    Args:
        dab: (N,) optical densities of all cells, stained or not.
    """
    middle = _densest_quarter(dab) if len(dab) >= FEWEST else math.inf
    if middle > MOST_UNSTAINED:
        low, high = _around(0.0, USUAL)
        return StainThreshold(USUAL, low, high)
    below = middle - dab[dab <= middle]
    # The median distance of one side of a normal distribution is that of both.
    spread = max(1.4826 * float(np.median(below)), _LEAST_SPREAD)
    value = max(middle + _SPREADS * spread, LEAST)
    low, high = _around(middle, value)
    return StainThreshold(value, low, high, middle, spread)


def _densest_quarter(dab: Floats) -> float:
    """Return the median of the quarter of all densities that lies closest together; of equals, the lowest."""
    ordered = np.sort(dab)
    size = max(3, math.ceil(len(ordered) / 4))
    widths = ordered[size - 1 :] - ordered[: len(ordered) - size + 1]
    start = int(widths.argmin())
    return float(np.median(ordered[start : start + size]))


def _around(middle: float, value: float) -> tuple[float, float]:
    low, high = (middle + share * (value - middle) for share in _UNCLEAR)
    return low, high
