"""What a Ki-67 count needs of its input, and the sentence that says what is missing. Pure."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from patherea_core.errors import InputError, ScaleError
from patherea_core.index.kinds import Kind, KindedCells

#: Micrometres of a base pixel, the least and the most: from the sharpest objectives with a camera behind
#: them to a flatbed scanner. What lies outside is a slip of units.
PLAUSIBLE_MPP = (0.02, 20.0)


def require_pixel_size(mpp: float | None) -> None:
    """Refuse a size of pixels that a person gave and that no microscope has.

    Args:
        mpp: micrometres per base pixel; None if nobody gave one.

    Raises:
        ScaleError: it is such.
    """
    least, most = PLAUSIBLE_MPP
    if mpp is not None and not (math.isfinite(mpp) and least <= mpp <= most):
        raise ScaleError(
            f"--mpp must be the micrometres of a pixel, from {least:g} to {most:g}, say 0.25 of a slide"
            f" scanned at 40x, not {mpp:g}"
        )


def unsought_because(slides: int, mpp: float | None) -> str | None:
    """Return why no hotspot can be sought; None if it can.

    Args:
        slides: how many there are.
        mpp: micrometres per base pixel of the first; None if it is not known.
    """
    if slides != 1:
        return f"a hotspot lies on one slide, and these are {slides}; choose it with --image"
    if mpp is None:
        return "a hotspot has a size on the slide, so the size of the pixels is needed; give --mpp"
    return None


def require_cells_inside(cells: int, outside: int) -> None:
    """Refuse regions that hold none of the cells, which are likely those of another slide or scale.

    Args:
        cells: all of them.
        outside: those that no region holds.

    Raises:
        InputError: no region holds a cell, but there are some.
    """
    if cells and outside == cells:
        raise InputError(
            f"the regions hold none of the {cells:,} cells; see that they are of this slide, and in its base"
            " pixels like the cells, or leave --regions out"
        )


def doubled_notes(slides: Mapping[str, KindedCells]) -> Iterator[str]:
    """Yield what a person must know of places that hold two tumour cells, a sentence each.

    Args:
        slides: the counted cells of each slide, by its name.
    """
    contradicted: list[tuple[str, float, float]] = []
    repeated: list[tuple[str, float, float]] = []
    for name, cells in slides.items():
        tumour = cells.tumour()
        places, place, count = np.unique(tumour.xy, axis=0, return_inverse=True, return_counts=True)
        positive = np.bincount(place.ravel(), tumour.kind == Kind.POSITIVE, minlength=len(places))
        both = (positive > 0) & (positive < count)
        contradicted += [(name, x, y) for x, y in places[both].tolist()]
        repeated += [(name, x, y) for x, y in places[(count > 1) & ~both].tolist()]
    if contradicted:
        yield (
            f"{_places(contradicted)} labelled both as a positive and as a negative tumour cell, and counted"
            " as both; look which it is."
        )
    if repeated:
        yield (
            f"{_places(repeated)} labelled more than once with one class, and every label counts; look"
            " whether cells came twice into the file."
        )


def _places(found: list[tuple[str, float, float]]) -> str:
    name, x, y = found[0]
    first = f"({x:g}, {y:g}) of {name}"
    if len(found) == 1:
        return f"The place {first} is"
    return f"{len(found):,} places, the first of them {first}, are"
