"""Deming's line between two methods, both of which err: least squares in both directions.

Deming 1943; intervals by leaving out one slide after the other (Linnet, Clin Chem 1993;39:424-432). Passing
and Bablok's line is the one to report where single slides lie far off.
"""

import math

import numpy as np
from scipy.special import stdtrit

from patherea_core.errors import InputError
from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.intervals import Interval, require_share
from patherea_core.geometry import Floats
from training.agreement.passing_bablok import Line, require_pairs


def deming(x: Floats, y: Floats, ratio: float = 1.0, level: float = 0.95) -> Line:
    """Return Deming's line; undefined where the methods do not vary together.

    Args:
        x: (S,) finite figures of one method.
        y: (S,) figures of the other, of the same slides.
        ratio: variance of the errors of y to that of x; 1 if both err alike.
        level: of the intervals, which need three slides.

    Raises:
        ShapeError: there is not one finite figure of each method for every slide.
        InputError: the level is no share, or the ratio not positive.
    """
    require_share(level)
    require_pairs(x, y)
    if not (math.isfinite(ratio) and ratio > 0):
        raise InputError(f"the ratio of two variances is a positive number, not {ratio}")
    whole = _fit(x, y, ratio)
    if whole is None:
        return Line(Estimate(None), Estimate(None))
    count = len(x)
    every = np.arange(count)
    left_out = [_fit(x[every != row], y[every != row], ratio) for row in range(count)]
    fits = [fit for fit in left_out if fit is not None]
    if count < 3 or len(fits) < count:
        return Line(Estimate(whole[0]), Estimate(whole[1]))
    # Jackknife: the pseudovalues' mean and standard error.
    pseudo = count * np.array(whole) - (count - 1) * np.array(fits)
    reach = (
        float(stdtrit(count - 2, (1 + level) / 2)) * pseudo.std(axis=0, ddof=1) / math.sqrt(count)
    )
    slope, intercept = (
        Estimate(value, Interval(value - by, value + by))
        for value, by in zip(whole, reach.tolist(), strict=True)
    )
    return Line(slope, intercept)


def _fit(x: Floats, y: Floats, ratio: float) -> tuple[float, float] | None:
    """Return slope and intercept."""
    if len(x) < 2:
        return None
    across, up = x - x.mean(), y - y.mean()
    together = float(across @ up)
    if not together:
        return None
    surplus = float(up @ up) - ratio * float(across @ across)
    slope = (surplus + math.sqrt(surplus**2 + 4 * ratio * together**2)) / (2 * together)
    return slope, float(y.mean() - slope * x.mean())
