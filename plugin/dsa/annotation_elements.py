"""Single elements of the archive's annotations: what they are, their outline, their class. Pure."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from shapely.errors import ShapelyError
from shapely.geometry import Polygon

from patherea_core.errors import AnnotationError
from patherea_core.regions import Outline, checked_outline

Json = Mapping[str, Any]

#: Base pixels across; a circle that is larger marks no cell, but a place that somebody points at.
_LARGEST_CELL = 400.0

#: The archive's colours: #rgb or #rrggbb, and rgb(r, g, b), each with or without an opacity.
_HEX = re.compile(r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_RGB = re.compile(r"rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*(?:,[^)]*)?\)")

#: Where the class of a point stands.
ClassPlace: TypeAlias = Literal["group", "label"]


@dataclass(frozen=True, slots=True)
class ClassRule:
    """How the class of a point is found.

    Attributes:
        place: where it stands; a point that has nothing there has it in the other place.
        ungrouped: the class of points in no group, whatever their label says; None reads their label.
    """

    place: ClassPlace = "group"
    ungrouped: str | None = None


#: The class is the group, else the label.
GROUP_FIRST = ClassRule()


def is_region(element: Json) -> bool:
    """Tell whether an element has an area that can be labelled."""
    closed = element.get("type") == "polyline" and bool(element.get("closed"))
    return closed or element.get("type") == "rectangle"


def is_point(element: Json) -> bool:
    """Tell whether an element marks one cell: a point, or the centre of a small circle or ellipse."""
    if element.get("type") == "circle":
        return 2 * float(element.get("radius") or 0) <= _LARGEST_CELL
    if element.get("type") == "ellipse":
        longer = max(float(element.get("width") or 0), float(element.get("height") or 0))
        return longer <= _LARGEST_CELL
    return element.get("type") == "point"


def is_understood(element: Json) -> bool:
    """Tell whether an element is a region or a point."""
    return is_point(element) or is_region(element)


def outline_of(element: Json, annotation: str) -> Outline:
    """Return the outline of a region, in base pixels.

    Raises:
        AnnotationError: it crosses itself or has no area; the message names it and its annotation.
    """
    what = f"region {element.get('id')} of annotation {annotation!r}"
    return checked_outline(_polygon(element, what), what)


def point_xy(element: Json, annotation: str) -> tuple[float, float]:
    """Return the position of a point, in base pixels.

    Raises:
        AnnotationError: it has none; the message names it and its annotation.
    """
    try:
        x, y = (float(number) for number in element["center"][:2])
    except (KeyError, TypeError, ValueError):
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise AnnotationError(
            f"point {element.get('id')} of annotation {annotation!r} has no position; delete it"
        )
    return x, y


def has_group(element: Json) -> bool:
    """Tell whether an element is in a group.

    The viewer takes the group off every point that is given its default group, and leaves the label as it
    was: so what the label of a point without a group says may be its class, or what it was before.
    """
    return bool(str(element.get("group") or "").strip())


def point_class(element: Json, annotation: str, rule: ClassRule = GROUP_FIRST) -> str:
    """Return the class of a point: its group, else its label, which ``has_group`` tells apart.

    Args:
        element: the point.
        annotation: what its annotation is called.
        rule: if the class is found otherwise.

    Raises:
        AnnotationError: it has neither; the message names it and its annotation.
    """
    if rule.ungrouped is not None and not has_group(element):
        return rule.ungrouped
    written = {
        "group": str(element.get("group") or "").strip(),
        "label": str((element.get("label") or {}).get("value") or "").strip(),
    }
    named = written[rule.place] or written["group"] or written["label"]
    if not named:
        raise AnnotationError(
            f"point {element.get('id')} of annotation {annotation!r} at "
            f"{place(point_xy(element, annotation))} has no class; give it a group"
        )
    return named


def place(xy: Sequence[float]) -> str:
    """Return a position as messages show it."""
    return f"({xy[0]:.1f}, {xy[1]:.1f})"


def _polygon(element: Json, what: str) -> Polygon:
    try:
        if element["type"] == "rectangle":
            return Polygon(_rectangle_corners(element))
        holes = [[corner[:2] for corner in hole] for hole in element.get("holes") or []]
        return Polygon([corner[:2] for corner in element["points"]], holes)
    except (ValueError, ShapelyError) as error:
        raise AnnotationError(f"{what} is no closed shape; draw it again") from error


def _rectangle_corners(element: Json) -> list[tuple[float, float]]:
    """Return the corners; the rotation is in radians and clockwise to the eye, for y grows down."""
    x, y = element["center"][:2]
    width, height = element["width"] / 2, element["height"] / 2
    cosine, sine = math.cos(element.get("rotation") or 0), math.sin(element.get("rotation") or 0)
    return [
        (x + dx * cosine - dy * sine, y + dx * sine + dy * cosine)
        for dx, dy in ((-width, -height), (width, -height), (width, height), (-width, height))
    ]


def as_hex(colour: str | None) -> str:
    """Return a colour of the archive as ``#rrggbb``, without its opacity; nothing if it is none."""
    said = (colour or "").strip().lower()
    if _HEX.fullmatch(said):
        return said[:7] if len(said) > 5 else "#" + "".join(2 * digit for digit in said[1:4])
    parts = _RGB.fullmatch(said)
    return "#" + "".join(f"{min(int(part), 255):02x}" for part in parts.groups()) if parts else ""
