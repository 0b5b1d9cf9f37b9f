"""A reviewer by script, who knows every cell of a slide and corrects a run as a person would."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import outcomes
from patherea_core.points import Points
from patherea_core.regions import Outline, inside
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import decode_detections

#: How far beside a cell a detection may lie for the reviewer to leave it, in base pixels.
_NEAR = 2.0


@dataclass(frozen=True)
class Corrected:
    """What the reviewer made of an annotation.

    Attributes:
        elements: all that is left.
        edits: how often the reviewer had to do something.
        cells: how many there are in the reviewed outline.
    """

    elements: list[dict[str, Any]]
    edits: int
    cells: int


def corrected(
    annotation: dict[str, Any],
    truth: Points,
    outline: Outline,
    taxonomy: Taxonomy,
    radius: float,
) -> Corrected:
    """Return an annotation corrected inside an outline: moved, relabelled, deleted, added.

    Args:
        annotation: a run's.
        truth: every cell of the slide, in base pixels.
        outline: where the reviewer looks.
        taxonomy: the classes.
        radius: base pixels within which the reviewer takes a detection for a cell.
    """
    found = decode_detections(annotation, taxonomy)
    seen = inside(outline, found.xy) if len(found) else np.zeros(0, dtype=np.bool_)
    cells = truth.take(inside(outline, truth.xy))
    rows = np.flatnonzero(seen)
    partner, taken = _pairs(Field("slide", found.take(rows), cells), len(taxonomy), radius)
    elements = [dict(element) for element in annotation["annotation"]["elements"]]
    edits, added = 0, []
    for row, of in enumerate(cells.class_index.tolist()):
        x, y = cells.xy[row].tolist()
        if partner[row] < 0:
            added.append({"type": "point", "center": [x, y, 0], "group": taxonomy.names[of]})
            edits += 1
            continue
        element = elements[rows[partner[row]]]
        if np.hypot(*(found.xy[rows[partner[row]]] - cells.xy[row])) > _NEAR:
            element["center"] = [x, y, 0]
            edits += 1
        if element["group"] != taxonomy.names[of]:
            element["group"] = taxonomy.names[of]
            edits += 1
    wrong = set(rows[~taken].tolist())
    kept = [element for row, element in enumerate(elements) if row not in wrong]
    return Corrected([*kept, *added], edits + len(wrong), len(cells))


def _pairs(field: Field, classes: int, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the detection that means each cell, whatever its class, and which detections mean one."""
    known = outcomes(field, classes, radius)
    partner = np.where(known.partner >= 0, known.partner, known.taken_for)
    taken = np.zeros(len(field.detections), dtype=np.bool_)
    taken[partner[partner >= 0]] = True
    return partner, taken


def region(outline: shapely.Polygon) -> dict[str, Any]:
    """Return the outline that the reviewer draws around what was reviewed."""
    corners = [[x, y, 0] for x, y in outline.exterior.coords[:-1]]
    return {"type": "polyline", "closed": True, "points": corners, "group": "reviewed"}
