"""The line between two methods that measure the same, neither of which is exact: Passing and Bablok's.

Passing and Bablok, J Clin Chem Clin Biochem 1983;21:709-720. Of every two slides the slope is taken; the
line's slope is their median, shifted by as many places as there are slopes below -1, so that it does not
matter which method is x. The interval counts places as Kendall's test does. Whether the relation is a line
at all, their CUSUM test asks. The interval of the intercept is what that of the slope lets it be, and holds
the true one less often than it says (docs/ki67-study.md).

Ties: two slides that are equal in both have no slope and are left out, as is a slope of exactly -1. Two that
are equal in x alone have the slope +∞: the paper leaves the sign to the order of the slides, which would let
that order change the result, and methods that measure the same rise together.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import kolmogorov, ndtri

from patherea_core.errors import ShapeError
from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.intervals import Interval, require_share
from patherea_core.geometry import Floats


@dataclass(frozen=True, slots=True)
class Line:
    """y = intercept + slope · x.

    Attributes:
        slope: 1 if the methods differ by no factor; None if it is undefined.
        intercept: 0 if they differ by no constant; None if it is undefined.
        linear_p: probability of so bent a relation if it is a line; None if it was not asked.
    """

    slope: Estimate
    intercept: Estimate
    linear_p: float | None = None

    def figures(self) -> dict[str, object]:
        """Return all figures ready for JSON."""
        return {
            "slope": self.slope.figures(),
            "intercept": self.intercept.figures(),
            "linear_p": self.linear_p,
        }


def require_pairs(x: Floats, y: Floats) -> None:
    """Raise ShapeError unless there is a finite figure of both methods for every slide."""
    if x.ndim != 1 or x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ShapeError(
            f"each slide needs a finite figure of both methods, not {x.shape} and {y.shape}"
        )


def passing_bablok(x: Floats, y: Floats, level: float = 0.95) -> Line:
    """Return the line, undefined where no two slides have a slope or half of them have an infinite one.

    Args:
        x: (S,) finite figures of one method.
        y: (S,) figures of the other, of the same slides.
        level: of the intervals; an interval is None where its places lie beyond the slopes there are.

    Raises:
        ShapeError: there is not one finite figure of each method for every slide.
        InputError: the level is no share.
    """
    require_share(level)
    require_pairs(x, y)
    slopes = _slopes(x, y)
    count, shift = len(slopes), int(np.count_nonzero(slopes < -1))
    # Places that the shift carries past the last slope have none.
    places = ((count - 1) // 2 + shift, count // 2 + shift)
    if not count or places[1] >= count or not np.isfinite(slopes[places[1]]):
        return Line(Estimate(None), Estimate(None))
    slope = float(slopes[list(places)].mean())
    intercept = float(np.median(y - slope * x))
    bounds = _bounds(slopes, shift, len(x), level)
    of_intercept = None
    if bounds is not None:
        ends = [float(np.median(y - end * x)) for end in (bounds.high, bounds.low)]
        of_intercept = Interval(min(ends), max(ends))
    return Line(
        Estimate(slope, bounds),
        Estimate(intercept, of_intercept),
        _linear_p(x, y, slope, intercept) if slope > 0 else None,
    )


def _slopes(x: Floats, y: Floats) -> Floats:
    """Return the sorted slopes of every two slides that have one, those of -1 left out."""
    first, second = np.triu_indices(len(x), k=1)
    across, up = x[second] - x[first], y[second] - y[first]
    told = (across != 0) | (up != 0)
    across, up = across[told], up[told]
    slopes = np.full(len(across), np.inf)
    np.divide(up, across, out=slopes, where=across != 0)
    return np.sort(slopes[slopes != -1])


def _bounds(slopes: Floats, shift: int, slides: int, level: float) -> Interval | None:
    reach = float(ndtri((1 + level) / 2)) * math.sqrt(slides * (slides - 1) * (2 * slides + 5) / 18)
    # M1 of the paper counts from 1, the places here from 0; M2 = N - M1 + 1.
    below = round((len(slopes) - reach) / 2)
    low, high = below - 1 + shift, len(slopes) - below + shift
    if below < 1 or high >= len(slopes) or not np.isfinite(slopes[high]):
        return None
    return Interval(float(slopes[low]), float(slopes[high]))


def _linear_p(x: Floats, y: Floats, slope: float, intercept: float) -> float | None:
    """Return the probability of the CUSUM test; None if all slides lie on one side or on the line."""
    left = y - (intercept + slope * x)
    above, below = int(np.count_nonzero(left > 0)), int(np.count_nonzero(left < 0))
    if not (above and below):
        return None
    steps = np.where(
        left > 0, math.sqrt(below / above), np.where(left < 0, -math.sqrt(above / below), 0.0)
    )
    # In the order of the slides' projections onto the line.
    along = y + x / slope - intercept
    most = float(np.abs(np.cumsum(steps[np.argsort(along, kind="stable")])).max())
    return float(kolmogorov(most / math.sqrt(below + 1)))
