"""The form of the archive's annotations as they are read, and nothing else: no traffic, no files, no clock.

An annotation is a document with a name, attributes and elements. A position in it is [x, y, z] in
base pixels with the origin at the slide's outer upper-left corner, as everywhere in this project, so
no position changes on its way in or out. The class of a point is its ``group``: a reviewer who changes
the class changes the group, while label and colours may stay as they were. ``annotation_encoding`` writes
them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from shapely import from_wkt

from patherea_core.errors import AnnotationError
from patherea_core.geometry import Bools, Floats, as_xy
from patherea_core.points import Detections
from patherea_core.regions import Outline, inside
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_elements import (
    GROUP_FIRST,
    ClassRule,
    as_hex,
    has_group,
    is_point,
    is_region,
    is_understood,
    outline_of,
    point_class,
    point_xy,
)

#: What the attributes of an annotation that this program wrote say of their kind.
DETECTIONS_KIND = "detections"
OUTLINES_KIND = "outlines"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AnnotationIdentity:
    """Which annotation, in which state; its author is the login of its maker, where that was asked for."""

    id: str
    name: str
    version: int | None = None
    updated: str | None = None
    author: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One outline of an annotation, in base pixels."""

    element_id: str
    annotation: AnnotationIdentity
    outline: Outline

    def holds(self, xy: Floats) -> Bools:
        """Tell for each of (N, 2) positions whether it lies in the outline or on its edge: (N,) mask."""
        left, top, right, bottom = self.outline.bounds
        x, y = xy[:, 0], xy[:, 1]
        # Most points of a slide are far away, which its bounds tell much faster than its outline.
        mask: Bools = (left <= x) & (x <= right) & (top <= y) & (y <= bottom)
        mask[mask] = inside(self.outline, xy[mask])
        return mask


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """What one annotation holds: regions, and points as parallel arrays, in base pixels.

    Attributes:
        annotation: the annotation.
        regions: its closed shapes.
        xy: (N, 2) positions of its points.
        class_names: the class of each point.
        element_ids: the element of each point.
        ignored: the types of elements that are neither region nor point, once each.
        by_label: how many points have their class from their label for want of a group.
        colours: how often points of a class are drawn in a colour, by class and ``#rrggbb``.
    """

    annotation: AnnotationIdentity
    regions: tuple[Region, ...]
    xy: Floats
    class_names: tuple[str, ...]
    element_ids: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    by_label: int = 0
    colours: Mapping[tuple[str, str], int] = field(default_factory=dict)


def identity(document: Json, author: str | None = None) -> AnnotationIdentity:
    """Return which annotation a document is, in which state, and by whom if that is told."""
    return AnnotationIdentity(
        id=str(document.get("_id", "")),
        name=str(document.get("annotation", {}).get("name", "")),
        version=document.get("_version"),
        updated=document.get("updated"),
        author=author,
    )


def is_ours(document: Json) -> bool:
    """Tell whether this program wrote the annotation, whatever it holds."""
    attributes = document.get("annotation", {}).get("attributes") or {}
    return isinstance(attributes.get("patherea"), Mapping)


def is_detections(document: Json) -> bool:
    """Tell whether this program wrote the annotation as its detections."""
    attributes = document.get("annotation", {}).get("attributes") or {}
    ours = attributes.get("patherea")
    return isinstance(ours, Mapping) and ours.get("kind") == DETECTIONS_KIND


def run_of(document: Json) -> str:
    """Return the run that wrote an annotation; nothing if none of this program did."""
    return str(_ours(document).get("run") or "")


def part_of(document: Json) -> str:
    """Return which of the cells of its run an annotation holds; nothing if it holds all."""
    return str(_ours(document).get("part") or "")


def _ours(document: Json) -> Mapping[str, Any]:
    ours = (document.get("annotation", {}).get("attributes") or {}).get("patherea")
    return ours if isinstance(ours, Mapping) else {}


def searched_outline(document: Json) -> Outline | None:
    """Return where the detections of an annotation were looked for, in base pixels; None for all over."""
    attributes = document.get("annotation", {}).get("attributes") or {}
    text = (attributes.get("patherea") or {}).get("region")
    return from_wkt(text) if text else None


def decode(document: Json, rule: ClassRule = GROUP_FIRST, author: str | None = None) -> Shapes:
    """Return the regions and points of an annotation.

    Args:
        document: the annotation with its elements.
        rule: how the class of a point is found.
        author: whose annotation it is.

    Raises:
        AnnotationError: it is empty, or an element cannot serve as a region or point; the message
            names the annotation and the element.
    """
    annotation = identity(document, author)
    elements = document["annotation"].get("elements") or []
    if not elements:
        raise AnnotationError(
            f"annotation {annotation.name!r} is empty; draw in it, delete it, or choose others by name"
        )
    regions = tuple(
        Region(str(element.get("id", "")), annotation, outline_of(element, annotation.name))
        for element in elements
        if is_region(element)
    )
    points = [element for element in elements if is_point(element)]
    others = {str(element.get("type")) for element in elements if not is_understood(element)}
    classes = tuple(point_class(element, annotation.name, rule) for element in points)
    by_label = rule.place == "group" and rule.ungrouped is None
    return Shapes(
        annotation=annotation,
        regions=regions,
        xy=as_xy([point_xy(element, annotation.name) for element in points]),
        class_names=classes,
        element_ids=tuple(str(element.get("id", "")) for element in points),
        ignored=tuple(sorted(others)),
        by_label=sum(not has_group(element) for element in points) if by_label else 0,
        colours=_colours(classes, points),
    )


def _colours(classes: Sequence[str], points: Sequence[Json]) -> Counter[tuple[str, str]]:
    # Points are many, and colours few: each is read once.
    said = [element.get("lineColor") for element in points]
    found: Counter[tuple[str, str]] = Counter()
    for (name, colour), count in Counter(zip(classes, said, strict=True)).items():
        found[name, as_hex(colour)] += count
    return found


def class_names(document: Json) -> tuple[str, ...]:
    """Return the classes of the points of an annotation, each once, in order of appearance."""
    annotation = identity(document)
    elements = document["annotation"].get("elements") or []
    points = [element for element in elements if is_point(element)]
    return tuple(dict.fromkeys(point_class(element, annotation.name) for element in points))


def decode_detections(document: Json, taxonomy: Taxonomy) -> Detections:
    """Return the points of an annotation as detections; one that a person added scores 1.

    Raises:
        TaxonomyError: a point is of a class that the taxonomy does not know.
    """
    annotation = identity(document)
    elements = document["annotation"].get("elements") or []
    points = [element for element in elements if is_point(element)]
    names = [point_class(element, annotation.name) for element in points]
    return Detections(
        as_xy([point_xy(element, annotation.name) for element in points]),
        np.array([taxonomy.index(name) for name in names], dtype=np.int64),
        np.array([(element.get("user") or {}).get("p", 1.0) for element in points], dtype=float),
    )
