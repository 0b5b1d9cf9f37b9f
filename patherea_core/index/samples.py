"""The cells of the regions that an index is made of, each cell counted once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError, ShapeError
from patherea_core.geometry import Bools
from patherea_core.index.kinds import KindedCells
from patherea_core.regions import Outline, checked_outline, inside


@dataclass(frozen=True, slots=True, eq=False)
class CountingRegion:
    """Where cells are counted.

    Attributes:
        name: what it is called in messages.
        outline: the area in base pixels, holes allowed.
        weight: what it stands for, say the share of the tumour that looks like it, in any unit; None if
            that was not said.
    """

    name: str
    outline: Outline
    weight: float | None = None

    def __post_init__(self) -> None:
        checked_outline(self.outline, f"region {self.name!r}")
        _check_weight(self.name, self.weight)


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The cells of one region of one slide.

    Attributes:
        slide: name of the slide; positions of two slides are never compared.
        region: name of the region, unique in its slide.
        cells: all cells inside.
        owned: (N,) whether a cell counts here where regions are put together; a cell that several
            regions hold is owned by one of them.
        weight: what the region stands for; None if that was not said.
    """

    slide: str
    region: str
    cells: KindedCells
    owned: Bools
    weight: float | None = None

    def __post_init__(self) -> None:
        _check_weight(self.region, self.weight)
        if self.owned.shape != (len(self.cells),):
            raise ShapeError(
                f"owned must be ({len(self.cells)},) like the cells, not {self.owned.shape}"
            )

    @classmethod
    def whole(cls, slide: str, cells: KindedCells, region: str = "whole slide") -> "Sample":
        """Return all cells of a slide or of one region, each of which counts."""
        return cls(slide, region, cells, np.ones(len(cells), dtype=np.bool_))

    @property
    def shared(self) -> int:
        """How many of its cells another region owns."""
        return int(np.count_nonzero(~self.owned))


def samples_of(
    cells: KindedCells, regions: Sequence[CountingRegion], slide: str
) -> tuple[Sample, ...]:
    """Return the cells of each region of a slide; one on the edge of a region is inside.

    A cell that several regions hold is owned by the first of them, so that the slide counts it once, while
    each region's own index counts all of its cells.

    Args:
        cells: all cells of the slide.
        regions: where to count; may overlap.
        slide: name of the slide.

    Raises:
        InputError: two regions have one name.
    """
    names = [region.name for region in regions]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InputError(
            f"two regions of slide {slide!r} are called {double[0]!r}; name each differently"
        )
    free = np.ones(len(cells), dtype=np.bool_)
    samples = []
    for region in regions:
        within = inside(region.outline, cells.xy)
        samples.append(Sample(slide, region.name, cells.take(within), free[within], region.weight))
        free &= ~within
    return tuple(samples)


def _check_weight(name: str, weight: float | None) -> None:
    if weight is not None and not (math.isfinite(weight) and weight > 0):
        raise InputError(
            f"the weight of region {name!r} must be a positive number, not {weight}; leave out a "
            "region that stands for nothing"
        )
