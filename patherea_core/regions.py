"""Annotated regions: an outline inside which every cell is labelled, and the points in it."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon

from patherea_core.errors import AnnotationError, ShapeError
from patherea_core.geometry import Bools, Box, Floats
from patherea_core.points import Points

Outline: TypeAlias = Polygon | MultiPolygon


def inside(outline: Outline, xy: Floats) -> Bools:
    """Tell for each of (N, 2) positions whether it lies in the outline or on its edge: (N,) mask."""
    shapely.prepare(outline)
    mask: Bools = shapely.intersects_xy(outline, xy[:, 0], xy[:, 1])
    return mask


def as_outline(shape: shapely.Geometry) -> Outline:
    """Return the polygons of what an intersection gave, without the points and lines where shapes touch."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def checked_outline(outline: Outline, what: str) -> Outline:
    """Return the outline if it has an area and does not cross itself.

    Raises:
        AnnotationError: it is self-crossing or has no area; ``what`` names it in the message.
    """
    # The hull, since the two halves of a crossed shape cancel out in its own area.
    if outline.is_empty or outline.convex_hull.area <= 0:
        raise AnnotationError(f"{what} has no area; draw it again as a closed shape")
    if not outline.is_valid:
        reason = shapely.is_valid_reason(outline)
        raise AnnotationError(f"{what} crosses itself ({reason}); draw it again without a crossing")
    return outline


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedRegion:
    """One region of a slide with every cell in it labelled, in base pixels.

    Attributes:
        name: what the outline is called in messages and file names; unique in its slide.
        outline: the area, holes allowed.
        points: the cells inside; there may be none.
        element_ids: for each point, the id of the annotation element it came from.
        annotation_ids: the annotations that the outline and the points came from.
    """

    name: str
    outline: Outline
    points: Points
    element_ids: tuple[str, ...]
    annotation_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checked_outline(self.outline, f"region {self.name!r}")
        if len(self.element_ids) != len(self.points):
            raise ShapeError(
                f"region {self.name!r} has {len(self.points)} points but {len(self.element_ids)} ids"
            )
        outside = int(np.count_nonzero(~inside(self.outline, self.points.xy)))
        if outside:
            raise AnnotationError(f"{outside} points of region {self.name!r} lie outside of it")

    @property
    def box(self) -> Box:
        """The smallest whole-pixel box around the outline."""
        return Box.around(self.outline.bounds)
