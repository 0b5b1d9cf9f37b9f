"""How many cells are found at the price of how many false alarms (free-response ROC; Bunch et al. 1978)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.score_curve import ScoreCurve
from patherea_core.geometry import Floats

#: False positives per scan at which lung nodule challenges average (Setio et al. 2017). A scan has one or
#: two nodules, but a region hundreds of cells: for cells these rates mean something only where positives
#: are as rare, say mitoses per mm².
NODULE_RATES = (1 / 8, 1 / 4, 1 / 2, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True, slots=True, eq=False)
class Froc:
    """Sensitivity against the rate of false positives, as the score threshold falls.

    Attributes:
        rates: (K,) false positives in one unit, on average; never falling.
        sensitivity: (K,) share of the points that were hit; never falling.
        thresholds: (K,) the score thresholds they belong to, falling.
        unit: what the rates are counted in, say "mm²" or "image".
    """

    rates: Floats
    sensitivity: Floats
    thresholds: Floats
    unit: str

    def at(self, rate: float) -> float:
        """Return the highest sensitivity with no more false positives than ``rate`` in one unit.

        The curve is a staircase: nothing is read between two thresholds, since no threshold gives what
        lies there. If even the highest threshold has more false positives, the sensitivity is zero.
        """
        below = int(np.searchsorted(self.rates, rate, side="right"))
        return float(self.sensitivity[below - 1]) if below else 0.0

    def mean_at(self, rates: Sequence[float]) -> float:
        """Return the mean sensitivity at some rates, such as ``NODULE_RATES``; state them beside it.

        Raises:
            InputError: there is no rate.
        """
        if not rates:
            raise InputError("a mean sensitivity needs at least one rate of false positives")
        return float(np.mean([self.at(rate) for rate in rates]))


def froc(curve: ScoreCurve, units: float, per: str) -> Froc | None:
    """Return the sensitivity of a class against its false positives per image or per mm².

    Points and false positives are summed over all regions first, so large regions weigh more.

    Args:
        curve: counts at every threshold.
        units: how many images, or how many mm², the regions of the curve are together.
        per: what ``units`` counts, say "image" or "mm²".

    Returns:
        The curve; None without points, as nothing could be found.

    Raises:
        InputError: ``units`` is no positive number.
    """
    if not (math.isfinite(units) and units > 0):
        raise InputError(
            f"false positives need a positive number of {per} to be spread over, not {units}"
        )
    if not curve.points:
        return None
    return Froc(curve.false_positives / units, curve.recall, curve.thresholds, per)


def labelled_mm2(fields: Sequence[Field], mpp: float) -> float:
    """Return how many mm² the areas of some regions are together.

    Args:
        fields: regions in pixels.
        mpp: micrometres per pixel of their frame.

    Raises:
        InputError: the area of a region is not known, or the pixel size is no positive number.
    """
    if not (math.isfinite(mpp) and mpp > 0):
        raise InputError(f"the pixel size must be a positive number of µm, not {mpp}")
    pixels = 0.0
    for field in fields:
        if field.area is None:
            raise InputError(
                f"the outline of {field.name} is not known; give it, or count false positives per image"
            )
        pixels += field.area.area
    return pixels * mpp**2 / 1e6
