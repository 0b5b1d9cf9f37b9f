"""Cells of a made tumour whose true Ki-67 index is known: positive cells lie together, as they do.

Cells belong to niches of some 30, normally spread around the middle. Each niche has its own index, Beta
Beta distributed around that of the tumour; how much alike the cells of a niche are, their intraclass
correlation, is what makes cells of one field tell less than as many drawn at random.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from patherea_core.geometry import Bools, Floats
from patherea_core.index.kinds import KindedCells
from patherea_core.index.samples import Sample

#: Tumour cells of a niche, on average, and how far they lie from its middle in micrometres.
NICHE, SPREAD = 30, 40.0
#: Tumour cells for each square micrometre.
DENSITY = 4000e-6
#: Fields of one slide are so far apart, in micrometres, that none is near another.
APART = 1e5


class Made(Protocol):
    """A made tumour, of whatever kind."""

    @property
    def share(self) -> float:
        """Its true index."""

    @property
    def alike(self) -> float:
        """How much alike its cells are; what that means, the kind tells."""

    def field(self, cells: int, random: np.random.Generator) -> "Field":
        """Return the cells of a square that has about so many."""


@dataclass(frozen=True, slots=True)
class Tumour:
    """A tumour that fields are taken from.

    Attributes:
        share: its true index.
        alike: intraclass correlation of the cells of a niche; 0 for independent cells.
    """

    share: float
    alike: float

    def shares(self, count: int, random: np.random.Generator) -> Floats:
        """Return the true index of so many niches: (count,)."""
        if not self.alike:
            return np.full(count, self.share)
        strength = 1 / self.alike - 1
        return random.beta(self.share * strength, (1 - self.share) * strength, count)

    def field(self, cells: int, random: np.random.Generator) -> "Field":
        """Return the cells of a square that has about so many."""
        return field(self, cells, random)


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Tumour cells of a square.

    Attributes:
        xy: (N, 2) places in µm.
        positive: (N,) whether a cell is positive.
        share: (N,) true index of its niche.
    """

    xy: Floats
    positive: Bools
    share: Floats


def field(tumour: Tumour, cells: int, random: np.random.Generator) -> Field:
    """Return the cells of a square that has about so many."""
    side = float(np.sqrt(cells / DENSITY))
    margin = 4 * SPREAD
    niches = max(1, random.poisson((side + 2 * margin) ** 2 * DENSITY / NICHE))
    middle = random.uniform(-margin, side + margin, (niches, 2))
    niche = np.repeat(np.arange(niches), random.poisson(NICHE, niches))
    xy = middle[niche] + random.normal(0, SPREAD, (len(niche), 2))
    within = np.all((xy >= 0) & (xy < side), axis=1)
    # Drawn in this order, a seed makes the same tumour as ever.
    chance = random.random(len(niche))
    share = tumour.shares(niches, random)[niche]
    return Field(xy[within], chance[within] < share[within], share[within])


def fields(tumour: Made, cells: int, count: int, random: np.random.Generator) -> tuple[Sample, ...]:
    """Return fields far apart from each other that have about so many cells together."""
    samples = []
    for number in range(count):
        made = tumour.field(cells // count, random)
        kinded = KindedCells(made.xy + number * APART, np.where(made.positive, 0, 1))
        samples.append(Sample.whole("slide", kinded, f"field {number + 1}"))
    return tuple(samples)
