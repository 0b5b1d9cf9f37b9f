"""One state of an annotation, as pushed or as reviewed: its points as parallel arrays. Pure."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.geometry import Floats, as_xy
from patherea_core.points import Detections
from plugin.dsa.annotation_codec import Json, identity
from plugin.dsa.annotation_elements import point_xy

#: What stands for the group of a point that has none. The viewer takes the group off every point that is
#: given its default group, and leaves the label as it was.
NO_GROUP = "no group"

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The points of some annotations as they stand there, in base pixels.

    Attributes:
        ids: the element of each point.
        xy: (N, 2) positions.
        names: the group of each point, as it is written.
        score: (N,) what the model gave; 1 for a point that a person set.
        colours: of the lines of each group, where its first point has one.
        others: how many elements there are of each type that is no point.
    """

    ids: tuple[str, ...]
    xy: Floats
    names: tuple[str, ...]
    score: Floats
    colours: Mapping[str, str]
    others: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Cells with the ids of their elements.

    Attributes:
        ids: the element of each cell.
        cells: in base pixels, their classes by one taxonomy.
    """

    ids: tuple[str, ...]
    cells: Detections

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.cells):
            raise ShapeError(f"{len(self.cells)} cells need as many ids, not {len(self.ids)}")

    def __len__(self) -> int:
        return len(self.ids)


def marks_of(documents: Iterable[Json]) -> Marks:
    """Return all points of some annotations, in order.

    An annotation without a point is fine here: a reviewer may have deleted all of them.

    Raises:
        AnnotationError: a point has no position; the message names it.
    """
    points: list[Json] = []
    xy: list[tuple[float, float]] = []
    others: Counter[str] = Counter()
    for document in documents:
        annotation = identity(document).name
        own = [entry for entry in _elements(document) if entry.get("type") == "point"]
        others.update(str(entry.get("type")) for entry in _elements(document))
        points += own
        xy += [point_xy(entry, annotation) for entry in own]
    del others["point"]
    names = [_group(entry) for entry in points]
    return Marks(
        ids=tuple(str(entry.get("id", "")) for entry in points),
        xy=as_xy(xy),
        names=tuple(names),
        score=np.array([_score(entry) for entry in points], dtype=np.float64),
        colours=_colours(points, names),
        others=others,
    )


def _elements(document: Json) -> Sequence[Json]:
    return document["annotation"].get("elements") or []


def _group(element: Json) -> str:
    """Return the group of a point; of one that no program wrote the label will do."""
    label = (element.get("label") or {}).get("value")
    said = element.get("group") or ("" if "c" in (element.get("user") or {}) else label)
    return str(said or "").strip() or NO_GROUP


def _score(element: Json) -> float:
    said: Any = (element.get("user") or {}).get("p", 1.0)
    usable = isinstance(said, int | float) and math.isfinite(said)
    return min(max(float(said), 0.0), 1.0) if usable else 1.0


def _colours(points: Sequence[Json], names: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for element, name in zip(points, names, strict=True):
        if name not in found:
            found[name] = str(element.get("lineColor", "")).lower()
    return {name: colour for name, colour in found.items() if _COLOUR.fullmatch(colour)}
