"""How far two observers' figures of the same regions lie apart (Bland and Altman 1986, 1999)."""

import math
from dataclasses import dataclass
from typing import Self

from scipy.special import ndtri, stdtrit

from patherea_core.errors import ShapeError
from patherea_core.evaluation.intervals import Interval, require_share
from patherea_core.geometry import Floats


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its interval; each is None if undefined."""

    value: float | None
    interval: Interval | None = None

    def figures(self) -> dict[str, object]:
        """Return both ready for JSON."""
        return {
            "value": self.value,
            "interval": None if self.interval is None else list(self.interval.bounds),
        }


@dataclass(frozen=True, slots=True)
class Limits:
    """Differences of two observers, the first less the second, of R regions.

    Attributes:
        regions: how many regions have a figure of both.
        bias: mean difference; None without a region.
        lower: bias less 1.96 standard deviations (at a level of 0.95); None with one region.
        upper: bias plus as much. Of other regions, 95 % differ by a value between lower and upper, if
            the differences are normal and do not grow with the figures.
    """

    regions: int
    bias: Estimate
    lower: Estimate
    upper: Estimate

    @classmethod
    def between(cls, first: Floats, second: Floats, level: float = 0.95) -> Self:
        """Return the limits of agreement of two observers, with their intervals.

        The interval of the bias is that of Student's t; that of a limit takes the limit's variance as
        s² (1/R + z² / (2 (R - 1))) (Bland and Altman 1999, section 2.1).

        Args:
            first: (R,) finite figures of one observer.
            second: (R,) figures of the other, of the same regions.
            level: of the limits and of their intervals.

        Raises:
            ShapeError: there is not one figure of each observer for every region.
            InputError: the level is no share.
        """
        require_share(level)
        if first.shape != second.shape or first.ndim != 1:
            raise ShapeError(
                f"each region needs a figure of both observers, not {first.shape} and {second.shape}"
            )
        count = len(first)
        differences = first - second
        if count < 2:
            bias = float(differences[0]) if count else None
            return cls(count, Estimate(bias), Estimate(None), Estimate(None))
        bias, deviation = float(differences.mean()), float(differences.std(ddof=1))
        share = (1 + level) / 2
        normal, student = float(ndtri(share)), float(stdtrit(count - 1, share))
        of_bias = student * deviation / math.sqrt(count)
        of_limit = student * deviation * math.sqrt(1 / count + normal**2 / (2 * (count - 1)))
        reach = normal * deviation
        return cls(
            count,
            _around(bias, of_bias),
            _around(bias - reach, of_limit),
            _around(bias + reach, of_limit),
        )

    def figures(self) -> dict[str, object]:
        """Return all figures ready for JSON."""
        return {
            "regions": self.regions,
            "bias": self.bias.figures(),
            "lower_limit": self.lower.figures(),
            "upper_limit": self.upper.figures(),
        }


def _around(value: float, reach: float) -> Estimate:
    return Estimate(value, Interval(value - reach, value + reach))
