"""Cells from annotations as the Digital Slide Archive gives them out: base pixels of one slide.

Documented in girder_annotation/docs/annotations.md of large_image: a document with ``elements``, bare or
inside of ``annotation``; several make a list. The class of an element is its group, else its label.
"""

import logging
from functools import partial
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry import Polygon

from patherea_core.data.finding import counted
from patherea_core.errors import InputError
from plugin.dsa.annotation_elements import is_region, point_class
from plugin.readers.cell_rows import Cell, each, require_unique, table_of
from plugin.readers.cell_table import CellTable
from plugin.readers.json_file import Json

log = logging.getLogger(__name__)

#: Elements with a middle.
_CENTRED = ("point", "circle", "ellipse", "rectangle")


def recognises(content: Json) -> bool:
    """Tell whether JSON is an annotation of the archive, or a list of such."""
    first = content[0] if isinstance(content, list) and content else content
    return isinstance(first, dict) and ("annotation" in first or "elements" in first)


def cells_of(content: Json, path: Path) -> CellTable:
    """Return the cells of annotations: points, and shapes by their middle.

    Where an annotation has points, its rectangles and closed lines are regions around them, no cells.

    Raises:
        InputError: an element has no class or no shape, or an id stands twice.
    """
    cells: list[Cell] = []
    images = []
    documents = documents_of(content, path)
    require_unique(
        path,
        "elements",
        (entry.get("id") for document in documents for entry in document["elements"]),
    )
    for document in documents:
        image = slide_of(document) or path.stem
        images.append(image)
        chosen = _cell_elements(document["elements"], path)
        name = f"{document.get('name', '')} ({path.name})".strip()
        cells += each(path, "element", chosen, partial(_cells, image=image, name=name))
    return table_of(path, cells, images)


def documents_of(content: Json, path: Path) -> list[dict[str, Any]]:
    """Return the annotations, each with its list of elements.

    Raises:
        InputError: one of them is no annotation.
    """
    found = []
    for entry in content if isinstance(content, list) else [content]:
        document = entry.get("annotation", entry) if isinstance(entry, dict) else entry
        if not isinstance(document, dict) or not isinstance(document.get("elements", []), list):
            raise InputError(
                f"{path} is no annotation of the archive, which has a list of elements"
            )
        found.append({"elements": [], **document})
    return found


def slide_of(document: dict[str, Any]) -> str:
    """Return the slide that an annotation of this program names; empty if it names none."""
    ours = (document.get("attributes") or {}).get("patherea") or {}
    return str(ours.get("slide", ""))


def _cell_elements(elements: list[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    with_points = any(entry.get("type") == "point" for entry in elements)
    areas = [entry for entry in elements if is_region(entry)] if with_points else []
    regions = {id(entry) for entry in areas}
    cells = [
        entry
        for entry in elements
        if id(entry) not in regions and (entry.get("type") in _CENTRED or is_region(entry))
    ]
    others = len(elements) - len(areas) - len(cells)
    if others:
        log.warning(
            "%s: passed over %s neither point nor closed shape",
            path,
            counted(others, "element that is", "elements that are"),
        )
    return cells


def _cells(element: dict[str, Any], image: str, name: str) -> list[Cell]:
    x, y = _centre(element)
    score = (element.get("user") or {}).get("p")
    return [Cell(image, x, y, point_class({**element, "center": (x, y)}, name), score)]


def _centre(element: dict[str, Any]) -> tuple[float, float]:
    if element["type"] in _CENTRED:
        return element["center"][0], element["center"][1]
    holes = [[corner[:2] for corner in hole] for hole in element.get("holes") or []]
    shape = Polygon([corner[:2] for corner in element["points"]], holes)
    ((x, y),) = shapely.get_coordinates(shape.centroid)
    return float(x), float(y)
