"""How much of the variance of figures comes from the regions and not from the observers.

The two intraclass correlations of single figures from a two-way table: ICC(2,1), absolute agreement of
observers drawn from many, and ICC(3,1), consistency of these observers, whose bias costs nothing
(Shrout and Fleiss 1979; ICC(A,1) and ICC(C,1) of McGraw and Wong 1996).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri

from patherea_core.errors import ShapeError
from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.intervals import Interval, require_share
from patherea_core.geometry import Floats

#: Share of the total variance below which a variance is rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Intraclass:
    """Both intraclass correlations of one table.

    Attributes:
        regions: how many regions have a figure of every observer.
        agreement: ICC(2,1).
        consistency: ICC(3,1).
    """

    regions: int
    agreement: Estimate
    consistency: Estimate

    def figures(self) -> dict[str, object]:
        """Return all figures ready for JSON."""
        return {
            "regions": self.regions,
            "icc_2_1": self.agreement.figures(),
            "icc_3_1": self.consistency.figures(),
        }


@dataclass(frozen=True, slots=True)
class _Variances:
    """Mean squares of a table of R regions and K observers."""

    regions: int
    observers: int
    between_regions: float
    between_observers: float
    residual: float

    @property
    def freedom(self) -> int:
        """Degrees of freedom of the residual."""
        return (self.regions - 1) * (self.observers - 1)


def intraclass(figures: Floats, level: float = 0.95) -> Intraclass:
    """Return both intraclass correlations with their intervals from F distributions.

    A correlation is None with fewer than two regions, or if all figures are equal; an interval is None
    if the observers differ by their bias alone, which leaves no residual to judge by.

    Args:
        figures: (R, K) finite figures, a row for each region and a column for each observer.
        level: of the intervals.

    Raises:
        ShapeError: the table is not (R, K) with at least two observers.
        InputError: the level is no share.
    """
    require_share(level)
    if figures.ndim != 2 or figures.shape[1] < 2:
        raise ShapeError(f"figures must be (R, K) of two observers or more, not {figures.shape}")
    variances = _variances(figures) if len(figures) > 1 else None
    if variances is None:
        return Intraclass(len(figures), Estimate(None), Estimate(None))
    return Intraclass(len(figures), _agreement(variances, level), _consistency(variances, level))


def _variances(figures: Floats) -> _Variances | None:
    regions, observers = figures.shape
    mean = figures.mean()
    total = float(((figures - mean) ** 2).sum())
    if total <= _ROUNDING * float((figures**2).sum()):
        return None
    rows, columns = figures.mean(axis=1), figures.mean(axis=0)
    left = figures - rows[:, np.newaxis] - columns + mean
    residual = float((left**2).sum())
    return _Variances(
        regions,
        observers,
        between_regions=observers * float(((rows - mean) ** 2).sum()) / (regions - 1),
        between_observers=regions * float(((columns - mean) ** 2).sum()) / (observers - 1),
        residual=(
            residual / ((regions - 1) * (observers - 1)) if residual > _ROUNDING * total else 0.0
        ),
    )


def _consistency(variances: _Variances, level: float) -> Estimate:
    """Return ICC(3,1) (Shrout and Fleiss 1979, p. 423; interval p. 424)."""
    observers, residual = variances.observers, variances.residual
    spread = variances.between_regions + (observers - 1) * residual
    if not spread:
        return Estimate(None)
    value = (variances.between_regions - residual) / spread
    if not residual:
        return Estimate(value)
    ratio, share = variances.between_regions / residual, (1 + level) / 2
    low = ratio / float(fdtri(variances.regions - 1, variances.freedom, share))
    high = ratio * float(fdtri(variances.freedom, variances.regions - 1, share))
    return Estimate(
        value, _interval((low - 1) / (low + observers - 1), (high - 1) / (high + observers - 1))
    )


def _agreement(variances: _Variances, level: float) -> Estimate:
    """Return ICC(2,1) (Shrout and Fleiss 1979, p. 423; interval p. 424, after Satterthwaite)."""
    regions, observers = variances.regions, variances.observers
    rows, columns, residual = (
        variances.between_regions,
        variances.between_observers,
        variances.residual,
    )
    # R times the variance that is not of the regions.
    other = observers * columns + (observers * regions - observers - regions) * residual
    if not regions * rows + other:
        return Estimate(None)
    value = regions * (rows - residual) / (regions * rows + other)
    freedom = _freedom(variances, value)
    if freedom is None:
        return Estimate(value)
    share = (1 + level) / 2
    above = float(fdtri(regions - 1, freedom, share))
    below = float(fdtri(freedom, regions - 1, share))
    low = regions * (rows - above * residual) / (above * other + regions * rows)
    high = regions * (below * rows - residual) / (other + regions * below * rows)
    return Estimate(value, _interval(low, high))


def _freedom(variances: _Variances, value: float) -> float | None:
    """Return Satterthwaite's degrees of freedom of the observers' bias and the residual together."""
    regions, observers = variances.regions, variances.observers
    if not variances.residual:
        return None
    of_columns = observers * value * variances.between_observers / variances.residual
    of_rest = regions * (1 + (observers - 1) * value) - observers * value
    weight = (regions - 1) * of_columns**2 + of_rest**2
    return variances.freedom * (of_columns + of_rest) ** 2 / weight if weight else None


def _interval(low: float, high: float) -> Interval | None:
    """Return the interval; None where the freedom is too little for an F distribution."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    # Without variance between regions both bounds are one number, but for rounding.
    return Interval(min(low, high), max(low, high))
