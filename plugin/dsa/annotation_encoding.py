"""Cells as the text of an annotation that the archive takes in; no traffic, no files, no clock.

Positions are base pixels with the origin at the slide's outer upper-left corner, as in the archive. All
points of a class come together and all have the same keys with values of the same kinds (a position is
12.0, never 12), because the archive checks such a list many times faster. The text is ASCII.
"""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from patherea_core.cells import Cells, CellsInMemory, gathered
from patherea_core.points import Detections
from patherea_core.taxonomy import CellClass, Taxonomy
from plugin.dsa.annotation_codec import DETECTIONS_KIND, Json
from plugin.text_columns import ROWS, fixed, hexadecimal, joined

#: Points above which the archive's viewer falls back to a mode in which they cannot be edited.
POINTS_PER_ANNOTATION = 500_000


@dataclass(frozen=True, slots=True, eq=False)
class AnnotationHead:
    """What an annotation says besides its points.

    Attributes:
        name: what it is called.
        run_id: names the run that found the cells; no other annotation has the same.
        attributes: where the cells came from.
        description: a line for the reader.
        visible: whether the viewer shows it as soon as the slide is opened.
    """

    name: str
    run_id: str
    attributes: Json
    description: str = ""
    visible: bool = True


def encoded(cells: Cells, taxonomy: Taxonomy, head: AnnotationHead) -> Iterator[bytes]:
    """Yield the text of one annotation with all cells, piece by piece.

    The cells are gone through once for each class, so that no more than a piece is held. The ids of the
    points follow from the run and the row, so that a point that a reviewer deletes can be named later.
    """
    ours = {
        "kind": DETECTIONS_KIND,
        "run": head.run_id,
        "classes": list(taxonomy.names),
        **head.attributes,
    }
    yield opening(head.name, head.description, ours, visible=head.visible)
    separator, row = b"", 0
    for class_row, cell_class in enumerate(taxonomy.classes):
        of_class = (part.take(part.detections.class_index == class_row) for part in cells.parts())
        for part in gathered(of_class, ROWS):
            points = _points(part.detections, cell_class, head.run_id, row)
            yield separator + points[:-1]
            separator, row = b",", row + len(part)
    yield b"]}"


def encode(
    detections: Detections,
    taxonomy: Taxonomy,
    *,
    name: str,
    run_id: str,
    attributes: Json,
    description: str = "",
) -> dict[str, Any]:
    """Return few detections as the one annotation that ``encoded`` writes; see ``AnnotationHead``."""
    head = AnnotationHead(name, run_id, attributes, description)
    document: dict[str, Any] = json.loads(
        b"".join(encoded(CellsInMemory(detections), taxonomy, head))
    )
    return document


def element_id(run_id: str, row: int) -> str:
    """Return the id of one point of a run: 24 hexadecimal digits, always the same."""
    return f"{_run_digits(run_id)}{row:08x}"


def text_of(value: Any) -> str:  # noqa: ANN401  any JSON value
    """Return a value as JSON in ASCII, without blanks."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _run_digits(run_id: str) -> str:
    return hashlib.sha256(run_id.encode()).hexdigest()[:16]


def opening(name: str, description: str, ours: Json, *, visible: bool = True) -> bytes:
    """Return the text of an annotation up to its first element.

    Args:
        name: what it is called.
        description: a line for the reader.
        ours: what this program says of it.
        visible: whether the viewer shows it as soon as the slide is opened.
    """
    document = {
        "name": name,
        "description": description,
        "display": {"visible": visible},
        "attributes": {"patherea": _without_dots(ours)},
        "elements": [],
    }
    return text_of(document).encode("ascii")[: -len("]}")]


def _points(found: Detections, cell_class: CellClass, run_id: str, first_row: int) -> bytes:
    """Return points of one class, to a tenth of a pixel, each with a comma behind it."""
    name = text_of(cell_class.name)
    style = {
        "group": cell_class.name,
        "label": {"value": cell_class.name},
        "lineColor": cell_class.color,
        "lineWidth": 2,
        "fillColor": f"{cell_class.color}1a",
    }
    return joined(
        f'{{"type":"point","id":"{_run_digits(run_id)}',
        hexadecimal(np.arange(first_row, first_row + len(found))),
        '","center":[',
        fixed(found.xy[:, 0], 1),
        ",",
        fixed(found.xy[:, 1], 1),
        f',0],{text_of(style)[1:-1]},"user":{{"p":',
        fixed(found.score, 4),
        f',"c":{name}}}}},',
    )


def _without_dots(value: Any) -> Any:  # noqa: ANN401  any JSON value
    """Return the value with keys that the archive's database accepts and no undefined number."""
    if isinstance(value, Mapping):
        return {
            str(key).replace(".", "_").replace("$", "_"): _without_dots(entry)
            for key, entry in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_dots(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
