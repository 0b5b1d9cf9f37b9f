"""Cells of a made tumour whose Ki-67 index changes smoothly from place to place, without any niches.

The second simulator: intervals that were made with ``ki67_simulated`` in mind are measured here, where
nothing is a heap. Cells lie independently; the logit of the index around each place is a Gaussian random
field whose correlation falls exponentially, so that it reaches far beyond what niches have in common.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from patherea_core.geometry import Floats
from training.benchmarks.ki67_simulated import DENSITY, Field

#: Micrometres over which the correlation of two places falls to 1/e; its integral is that of the niches.
REACH = 57.0
#: Micrometres between the places at which the field is drawn, and reaches around it without an echo.
_STEP, _MARGIN = 10.0, 6


@dataclass(frozen=True, slots=True)
class SmoothTumour:
    """A tumour that fields are taken from.

    Attributes:
        share: its true index.
        alike: correlation of the kinds of two cells in one place, not 0; niches of cells that are alike by
            0.15 overlap so that it is 0.04 there.
    """

    share: float
    alike: float

    def field(self, cells: int, random: np.random.Generator) -> Field:
        """Return the cells of a square that has about so many."""
        side = math.sqrt(cells / DENSITY)
        xy = random.uniform(0, side, (random.poisson(cells), 2))
        middle, spread = _logit(self.share, self.alike)
        root = _root(2 ** math.ceil(math.log2((side + _MARGIN * REACH) / _STEP)))
        noise = random.standard_normal(root.shape) + 1j * random.standard_normal(root.shape)
        drawn = np.fft.ifft2(root * noise).real * len(root)
        column, row = (xy / _STEP).astype(np.int64).T
        share = expit(middle + spread * drawn[row, column])
        return Field(xy, random.random(len(xy)) < share, share)


@lru_cache
def _root(places: int) -> Floats:
    """Return the root of the spectrum of a field on a torus of so many places across and down."""
    away = np.minimum(np.arange(places), places - np.arange(places)) * _STEP
    correlation = np.exp(-np.hypot(away[:, np.newaxis], away) / REACH)
    root: Floats = np.sqrt(np.maximum(np.fft.fft2(correlation).real, 0))
    return root


@lru_cache
def _logit(share: float, alike: float) -> tuple[float, float]:
    """Return mean and deviation of normal logits whose shares have this mean and this part of p (1 - p)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()

    def surplus(middle: float, spread: float) -> float:
        return float(weights @ expit(middle + spread * nodes)) - share

    def middle_of(spread: float) -> float:
        return float(brentq(surplus, -40, 40, args=(spread,)))

    def spare(spread: float) -> float:
        shares = expit(middle_of(spread) + spread * nodes)
        return float(weights @ (shares - share) ** 2) - alike * share * (1 - share)

    spread = float(brentq(spare, 1e-3, 6))
    return middle_of(spread), spread
