"""Where a slide was reviewed: in regions that the reviewer drew, or wherever that may be assumed. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import shapely
from shapely.geometry import Polygon

from patherea_core.errors import AnnotationError, InputError
from patherea_core.geometry import Floats, Ints
from patherea_core.regions import Outline, as_outline, inside
from plugin.review.changes import Changes

#: What is assumed where nobody drew a region: all that the model looked at, or the surroundings of changes.
Assumed: TypeAlias = Literal["looked", "changed"]

#: Square pixels below which a piece of a region is an accident of two edges.
_NEGLIGIBLE = 1.0

#: Share of a region that may lie outside of where the model looked without a word.
_SHARE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class ReviewedAreas:
    """Where all cells were reviewed, in base pixels.

    Attributes:
        outlines: apart from each other, from the top left.
        basis: why they count as reviewed: "drawn" by a person, or what was assumed.
        notes: what a person must know of it, a sentence each.
    """

    outlines: tuple[Polygon, ...]
    basis: Literal["drawn", "looked", "changed"]
    notes: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        """Square base pixels."""
        return float(sum(outline.area for outline in self.outlines))

    def owners(self, xy: Floats) -> Ints:
        """Return for each of (N, 2) positions the first outline that holds it: (N,), -1 for none."""
        owner = np.full(len(xy), -1, dtype=np.int64)
        for row, outline in enumerate(self.outlines):
            owner[(owner < 0) & inside(outline, xy)] = row
        return owner


def drawn_areas(regions: Sequence[Outline], looked: Outline) -> ReviewedAreas:
    """Return the regions that people drew, as far as the model looked there; those that touch are one.

    Raises:
        InputError: the model looked at none of them.
    """
    whole = shapely.union_all(regions)
    areas = _polygons([whole.intersection(looked)])
    if not areas:
        raise InputError(
            "the model looked at none of the reviewed regions; name others with --regions, or detect there"
        )
    seen = sum(area.area for area in areas)
    notes = (
        (
            f"The model looked at {100 * seen / whole.area:.0f} % of the reviewed regions only; the rest "
            "takes no part.",
        )
        if seen < (1 - _SHARE) * whole.area
        else ()
    )
    return ReviewedAreas(areas, "drawn", notes)


def looked_areas(looked: Outline) -> ReviewedAreas:
    """Return all that the model looked at, which is said to be an assumption."""
    note = (
        "No region says what was reviewed, so everything that the model looked at is assumed to be: what "
        "the reviewer did not touch counts as accepted."
    )
    return ReviewedAreas(_polygons([looked]), "looked", (note,))


def changed_areas(changes: Changes, looked: Outline, side: float) -> ReviewedAreas:
    """Return the squares of a grid in which the reviewer changed something; neighbours are one.

    Args:
        changes: what became of every cell.
        looked: where the model looked.
        side: of a square, in base pixels.

    Raises:
        AnnotationError: nothing was changed.
    """
    touched = changes.take(changes.kind > 0)
    if not len(touched):
        raise AnnotationError(
            "the reviewer changed nothing, so nothing says where the slide was reviewed; draw regions"
            " around what was, or say --assume looked"
        )
    places = np.unique(np.floor(touched.xy / side).astype(np.int64), axis=0) * side
    squares = shapely.box(places[:, 0], places[:, 1], places[:, 0] + side, places[:, 1] + side)
    note = (
        "No region says what was reviewed, so only the surroundings of changes are assumed to be: what is "
        "right there counts for less than it is, so the scores look worse than the model is."
    )
    whole = shapely.union_all(squares).intersection(looked)
    return ReviewedAreas(_polygons([whole]), "changed", (note,))


def _polygons(shapes: Iterable[shapely.Geometry]) -> tuple[Polygon, ...]:
    """Return the polygons of some shapes from the top left, without slivers."""
    parts = [part for shape in shapes for part in shapely.get_parts(as_outline(shape))]
    large = [part for part in parts if part.area >= _NEGLIGIBLE]
    return tuple(sorted(large, key=lambda part: (part.bounds[1], part.bounds[0])))
