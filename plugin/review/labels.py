"""What a reviewer left as labels of their own: the reviewed areas as regions and the cells in them. Pure.

It is an annotation that the export of a dataset takes if it is named in full. Every point keeps the id of
the element that it was in the reviewed annotation, so that a dataset leads back to it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from shapely.geometry import Polygon

from patherea_core.geometry import Ints
from patherea_core.taxonomy import Taxonomy
from plugin.dsa.annotation_codec import AnnotationIdentity, Json
from plugin.dsa.annotation_encoding import element_id
from plugin.review.areas import ReviewedAreas
from plugin.review.changes import KINDS, Changes

#: What the attributes of such an annotation say of their kind.
LABELS_KIND = "reviewed labels"

#: The group of a reviewed area; no class of cells is called so.
AREA_GROUP = "reviewed region"

_ID = re.compile(r"[0-9a-f]{24}")
_AREA_COLOUR = "#212121"


@dataclass(frozen=True, slots=True, eq=False)
class LabelsHead:
    """What an annotation with labels says besides them.

    Attributes:
        name: what it is called.
        run_id: names this harvest; no other annotation has the same.
        facts: where the labels came from.
        colours: of classes, where they are known.
    """

    name: str
    run_id: str
    facts: Json
    colours: Mapping[str, str]


def labels_of(
    changes: Changes, areas: ReviewedAreas, names: tuple[str, ...], head: LabelsHead
) -> dict[str, Any]:
    """Return the annotation with the reviewed areas and with the cells that the reviewer left in them.

    Args:
        changes: what became of every cell.
        areas: where all cells were reviewed.
        names: the classes.
        head: what else the annotation says.
    """
    left = changes.take(changes.after >= 0)
    inside = areas.owners(left.xy) >= 0
    left = left.take(inside)
    # The archive checks a list of like elements many times faster.
    order = np.argsort(left.class_after, kind="stable")
    regions = [_region(outline, head, row) for row, outline in enumerate(areas.outlines)]
    points = _points(left.take(order), Taxonomy.of(names, head.colours), head, len(regions))
    return {
        "name": head.name,
        "description": "Regions that were reviewed, and the cells that the reviewer left in them",
        "display": {"visible": False},
        "attributes": {"patherea": {"kind": LABELS_KIND, "run": head.run_id, **head.facts}},
        "elements": [*regions, *points],
    }


def harvested_before(document: Json, annotations: Sequence[AnnotationIdentity]) -> bool:
    """Tell whether an annotation holds the labels of just these states of reviewed annotations."""
    facts = (document["annotation"].get("attributes") or {}).get("patherea") or {}
    origin = (facts.get("reviewed") or {}).get("annotations") or []
    told = {(one.get("id"), one.get("version")) for one in origin}
    return facts.get("kind") == LABELS_KIND and told == {
        (one.id, one.version) for one in annotations
    }


def _region(outline: Polygon, head: LabelsHead, row: int) -> dict[str, Any]:
    return {
        "type": "polyline",
        "id": element_id(head.run_id, row),
        "closed": True,
        "points": [[x, y, 0] for x, y in outline.exterior.coords[:-1]],
        "holes": [[[x, y, 0] for x, y in hole.coords[:-1]] for hole in outline.interiors],
        "group": AREA_GROUP,
        "label": {"value": AREA_GROUP},
        "lineColor": _AREA_COLOUR,
        "lineWidth": 2,
    }


def _points(
    left: Changes, taxonomy: Taxonomy, head: LabelsHead, first_row: int
) -> list[dict[str, Any]]:
    """Return the cells as points; an id that cannot serve, or would stand twice, is made anew."""
    taken: set[str] = set()
    points = []
    rows = zip(
        left.element_ids,
        left.xy.tolist(),
        left.class_after.tolist(),
        _words(left.kind),
        strict=True,
    )
    for row, (given, (x, y), of, kind) in enumerate(rows, start=first_row):
        own = given if _ID.fullmatch(given) and given not in taken else ""
        taken.add(own)
        cell_class = taxonomy.classes[of]
        points.append(
            {
                "type": "point",
                "id": own or element_id(head.run_id, row),
                "center": [float(x), float(y), 0],
                "group": cell_class.name,
                "label": {"value": cell_class.name},
                "lineColor": cell_class.color,
                "lineWidth": 2,
                "fillColor": f"{cell_class.color}1a",
                "user": {"review": kind},
            }
        )
    return points


def _words(kinds: Ints) -> list[str]:
    return [KINDS[kind] for kind in kinds.tolist()]
