"""The best fields of a slide as an annotation: rectangles in order of merit, each with its reasons. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from patherea_core.geometry import Box, Scale
from patherea_core.regions import Outline
from patherea_core.tiling import Tile
from plugin.dsa.annotation_codec import Json
from plugin.dsa.annotation_encoding import element_id
from plugin.suggestion.merit import Weights, best, merits
from plugin.suggestion.signs import SeenField, signs_of

#: What the attributes of such an annotation say of their kind, and the group of its regions.
SUGGESTIONS_KIND = "suggested regions"
GROUP = "suggested region"

#: No class of cells gets this colour, and neither stain has it.
_COLOUR = "#f0e442"

#: What the figures of a region mean, for whoever reads the annotation.
EXPLANATION = {
    "merit": "weighted mean of the places that the region has in each sign: 1 is the first of all fields",
    "disagreement": "cells that one head of the network finds and the other does not, or as another class",
    "entropy": "how evenly the probability of each cell is spread over the classes and background",
    "rarity": "how rare the classes of the cells are on the whole slide",
    "cells": "cells that the model finds there",
    "shrinkage": "each sign is a sum over cells, divided by their number and 10",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One region to label or review.

    Attributes:
        box: in working pixels.
        merit: in [0, 1].
        signs: what it rests on, by name.
        cells: how many cells the model finds there.
    """

    box: Box
    merit: float
    signs: dict[str, float]
    cells: int


def suggestions(
    fields: Sequence[SeenField], classes: int, radius: float, weights: Weights, count: int
) -> tuple[Suggestion, ...]:
    """Return the best fields, the best first.

    Args:
        fields: all fields of a slide that may be suggested; they do not overlap.
        classes: number of classes (T).
        radius: working pixels within which the two heads mean the same cell (r).
        weights: of the signs.
        count: how many, at the most.
    """
    signs = signs_of(fields, classes, radius)
    merit = merits(signs, weights)
    corners = np.array([(field.box.left, field.box.top) for field in fields], dtype=np.int64)
    return tuple(
        Suggestion(
            fields[row].box,
            float(merit[row]),
            {name: float(values[row]) for name, values in signs.named.items()},
            int(signs.cells[row]),
        )
        for row in best(merit, corners.reshape(-1, 2), count).tolist()
    )


def free_fields(
    fields: Sequence[SeenField], taken: Sequence[Outline], scale: Scale
) -> list[SeenField]:
    """Return the fields that share no area with any outline in base pixels."""
    union = shapely.union_all(taken)
    shapely.prepare(union)
    return [field for field in fields if not _overlaps(union, field.box, scale)]


def tiles_on(tiles: Sequence[Tile], tissue: Outline, scale: Scale) -> tuple[Tile, ...]:
    """Return the tiles whose cores share some area with an outline in base pixels."""
    shapely.prepare(tissue)
    return tuple(tile for tile in tiles if _overlaps(tissue, tile.core, scale))


def suggestions_annotation(
    found: Sequence[Suggestion], scale: Scale, name: str, run_id: str, facts: Json
) -> dict[str, Any]:
    """Return the annotation with the regions in order.

    Args:
        found: the best first.
        scale: of the slide and the model.
        name: of the annotation.
        run_id: names this run; no other annotation has the same.
        facts: where the regions came from.
    """
    return {
        "name": name,
        "description": "Regions to label or review next, the most telling first",
        "display": {"visible": True},
        "attributes": {
            "patherea": {
                "kind": SUGGESTIONS_KIND,
                "run": run_id,
                "explanation": EXPLANATION,
                **facts,
            }
        },
        "elements": [
            _element(one, row, scale, element_id(run_id, row)) for row, one in enumerate(found)
        ],
    }


def figures(one: Suggestion, number: int) -> dict[str, Any]:
    """Return the reasons for a region ready for JSON."""
    signs = {sign: round(value, 4) for sign, value in one.signs.items()}
    return {"order": number, "merit": round(one.merit, 4), **signs, "cells": one.cells}


def _element(one: Suggestion, row: int, scale: Scale, identifier: str) -> dict[str, Any]:
    factor = scale.base_per_working
    width, height = one.box.width * factor, one.box.height * factor
    left, top = one.box.left * factor, one.box.top * factor
    return {
        "type": "rectangle",
        "id": identifier,
        "center": [left + width / 2, top + height / 2, 0],
        "width": width,
        "height": height,
        "rotation": 0,
        "group": GROUP,
        "label": {"value": f"{row + 1}: merit {one.merit:.2f}"},
        "lineColor": _COLOUR,
        "lineWidth": 2,
        "user": figures(one, row + 1),
    }


def _overlaps(union: shapely.Geometry, box: Box, scale: Scale) -> bool:
    factor = scale.base_per_working
    edges = (box.left, box.top, box.right, box.bottom)
    place = shapely.box(*(edge * factor for edge in edges))
    return bool(shapely.intersection(union, place).area > 0)
