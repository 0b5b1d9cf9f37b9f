"""How likely another window is truly more positive than the one that was found to be the most positive.

The highest of many indices is too high: chance had a part in making it the highest. So each window's
index is pulled towards that of the slide, the more so the fewer cells it has and the less windows differ
from each other: the true index of its tissue follows a Beta distribution, whose prior is fitted to
windows side by side all over the slide (empirical Bayes). Given the tissue, cells are independent; that
positive cells lie together is what windows differ by. Compared are windows that share no cell, the most
positive first; they are drawn together, and the chance is the share of draws in which another one is the
highest.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaincinv

from patherea_core.evaluation.intervals import Interval
from patherea_core.geometry import Floats, Ints
from patherea_core.index.sites import SiteCounts
from patherea_core.index.windows import Windows
from patherea_core.seeding import Seed

#: So many windows are compared; those that come later are hardly ever the highest.
MOST_RIVALS = 200
#: A window of the prior has at least this part of the cells that a hotspot has.
_LEAST_PART = 0.25
#: How much alike the cells of one window may be; without bounds no window or every one would decide alone.
_ALIKE = (1e-6, 1 - 1e-6)


@dataclass(frozen=True, slots=True)
class Spread:
    """How the true indices of the windows of a slide are spread.

    Attributes:
        positive: positive cells that the slide lends to each window.
        negative: negative cells that it lends.
        windows: from how many windows this is known.
    """

    positive: float
    negative: float
    windows: int


@dataclass(frozen=True, slots=True)
class ExpectedIndex:
    """What index to expect of a window's tissue, that it was chosen for its index allowed for."""

    value: float
    interval: Interval


def disjoint(ordered: Windows, most: int = MOST_RIVALS) -> Windows:
    """Return the first window, the next one that shares no site with it, and so on.

    Args:
        ordered: windows, the best first.
        most: how many at the most.
    """
    left, number = ordered, np.arange(len(ordered))
    chosen: list[int] = []
    while len(left) and len(chosen) < most:
        chosen.append(int(number[0]))
        apart = left.apart_from(0)
        left, number = left.take(apart), number[apart]
    return ordered.take(np.array(chosen, dtype=np.int64))


def spread(counts: SiteCounts, sites: int, cells: int) -> Spread:
    """Return how windows of this size differ all over the slide.

    Args:
        counts: the tumour cells.
        sites: along the side of a window.
        cells: of a hotspot.
    """
    rows, columns = (extent // sites for extent in counts.shape)
    row, column = np.divmod(np.arange(rows * columns), max(1, columns))
    positive, tumour = counts.squares(row * sites, column * sites, np.full(len(row), sites))
    enough = tumour >= max(1.0, cells * _LEAST_PART)
    positive, tumour = positive[enough], tumour[enough]
    middle = float(positive.sum() / tumour.sum()) if len(tumour) else 0.0
    if len(tumour) < 3 or not 0 < middle < 1:
        return Spread(0.5, 0.5, len(tumour))
    alike = float(np.clip(_alike(positive, tumour, middle), *_ALIKE))
    strength = 1 / alike - 1
    return Spread(middle * strength, (1 - middle) * strength, len(tumour))


def chances_of_another(windows: Windows, of: Spread, seed: Seed, *, draws: int = 2000) -> Floats:
    """Return for each window the chance that another one of them is truly more positive: (S,).

    Args:
        windows: that share no cell.
        of: how their true indices are spread.
        seed: root of the stream "hotspots".
        draws: how often they are drawn.
    """
    random = seed.stream("hotspots")
    negative = windows.tumour - windows.positive
    drawn = random.beta(
        of.positive + windows.positive, of.negative + negative, (draws, len(windows))
    )
    first = np.bincount(drawn.argmax(axis=1), minlength=len(windows))
    chances: Floats = 1 - first / draws
    return chances


def expected_index(positive: int, tumour: int, of: Spread, *, level: float = 0.95) -> ExpectedIndex:
    """Return what index to expect of a window with so many positive and tumour cells."""
    positive_too = of.positive + positive
    negative_too = of.negative + tumour - positive
    low, high = (
        float(betaincinv(positive_too, negative_too, tail))
        for tail in ((1 - level) / 2, (1 + level) / 2)
    )
    return ExpectedIndex(positive_too / (positive_too + negative_too), Interval(low, high))


def _alike(positive: Ints, tumour: Ints, middle: float) -> float:
    """Return how much alike two cells of one window are, by the method of moments (Kleinman, 1973)."""
    share, rest = positive / tumour, 1 - tumour / tumour.sum()
    seen = float((tumour * (share - middle) ** 2).sum()) / (middle * (1 - middle))
    scale = float(((tumour - 1) * rest).sum())
    return (seen - float(rest.sum())) / scale if scale > 0 else 0.0
