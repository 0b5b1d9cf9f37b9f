"""How likely another window is truly more positive than the one that was found to be the most positive.

The highest of many indices is too high: chance had a part in making it the highest. So each window's
index is pulled towards that of the slide, the more so the fewer cells it has and the less windows differ
from each other: its true index follows a Beta distribution, whose prior is fitted to windows side by
side all over the slide (empirical Bayes), and whose cells are worth fewer independent ones, as far as
quarters of these windows' sides differ. Compared are windows that share no cell, the most positive
first; these are drawn together, and the chance is the share of draws in which another one is the
highest.
"""

from dataclasses import dataclass

import numpy as np

from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.index.sites import SiteCounts
from patherea_core.index.windows import Windows
from patherea_core.seeding import Seed

#: So many windows are compared; those that come later are hardly ever the highest.
MOST_RIVALS = 200
#: Parts along the side of a window by which it is seen how cells lie together.
_PARTS = 4
#: A window of the prior has at least this part of the cells that a hotspot has.
_LEAST_PART = 0.25
#: How much alike the cells of one window may be; without bounds no window or every one would decide alone.
_ALIKE = (1e-6, 1 - 1e-6)


@dataclass(frozen=True, slots=True)
class Spread:
    """How the true indices of the windows of a slide are spread, and what their cells are worth.

    Attributes:
        positive: independent positive cells that the slide lends to each window.
        negative: negative ones.
        design_effect: counted cells that are worth one independent cell.
        windows: from how many windows this is known.
    """

    positive: float
    negative: float
    design_effect: float
    windows: int


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
    """Return how windows of about this size differ all over the slide.

    Args:
        counts: the tumour cells.
        sites: along the side of a window.
        cells: of a hotspot.
    """
    part = max(1, round(sites / _PARTS))
    positive, tumour = _tiles(counts, part)
    enough = tumour.sum(axis=1) >= max(1.0, cells * _LEAST_PART)
    positive, tumour = positive[enough], tumour[enough]
    effect = _design_effect(positive, tumour)
    share, worth = _shares(positive, tumour), tumour.sum(axis=1) / effect
    middle = float(positive.sum() / tumour.sum()) if len(share) else 0.0
    if len(share) < 3 or not 0 < middle < 1:
        return Spread(0.5, 0.5, effect, len(share))
    alike = float(np.clip(_alike(share, worth, middle), *_ALIKE))
    strength = 1 / alike - 1
    return Spread(middle * strength, (1 - middle) * strength, effect, len(share))


def chances_of_another(windows: Windows, of: Spread, seed: Seed, *, draws: int = 2000) -> Floats:
    """Return for each window the chance that another one of them is truly more positive: (S,).

    Args:
        windows: that share no cell.
        of: how their true indices are spread.
        seed: root of the stream "hotspots".
        draws: how often they are drawn.
    """
    random = seed.stream("hotspots")
    positive = windows.positive / of.design_effect
    negative = (windows.tumour - windows.positive) / of.design_effect
    drawn = random.beta(of.positive + positive, of.negative + negative, (draws, len(windows)))
    first = np.bincount(drawn.argmax(axis=1), minlength=len(windows))
    chances: Floats = 1 - first / draws
    return chances


def _tiles(counts: SiteCounts, part: int) -> tuple[Floats, Floats]:
    """Return positive and tumour cells of the parts of windows side by side: (W, parts)."""
    side = part * _PARTS
    height, width = counts.shape
    rows, columns = height // side, width // side
    row, column = np.meshgrid(
        np.arange(rows * _PARTS) * part, np.arange(columns * _PARTS) * part, indexing="ij"
    )
    found = counts.squares(row.ravel(), column.ravel(), np.full(row.size, part))
    positive, tumour = (
        some.reshape(rows, _PARTS, columns, _PARTS)
        .transpose(0, 2, 1, 3)
        .reshape(-1, _PARTS**2)
        .astype(np.float64)
        for some in found
    )
    return positive, tumour


def _shares(positive: Floats, tumour: Floats) -> Floats:
    shares: Floats = positive.sum(axis=1) / tumour.sum(axis=1)
    return shares


def _design_effect(positive: Floats, tumour: Floats) -> float:
    """Return the variance between parts of one window, against that of independent cells; at the least 1."""
    if not len(tumour):
        return 1.0
    share = _shares(positive, tumour)
    filled: Ints = np.count_nonzero(tumour, axis=1)
    several: Bools = filled > 1
    deviations = positive - tumour * share[:, np.newaxis]
    between = (deviations**2).sum(axis=1) * filled / np.maximum(filled - 1, 1)
    independent = tumour.sum(axis=1) * share * (1 - share)
    known = float(independent[several].sum())
    return max(1.0, float(between[several].sum()) / known) if known else 1.0


def _alike(share: Floats, worth: Floats, middle: float) -> float:
    """Return how much alike two cells of one window are, by the method of moments (Kleinman, 1973)."""
    rest = 1 - worth / worth.sum()
    seen = float((worth * (share - middle) ** 2).sum()) / (middle * (1 - middle))
    scale = float(((worth - 1) * rest).sum())
    return (seen - float(rest.sum())) / scale if scale > 0 else 0.0
