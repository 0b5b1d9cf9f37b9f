"""The tissue of a slide as outlines: GeoJSON for QuPath, or an annotation of the archive.

Each piece of tissue is one shape with its holes, with corners left out as long as it moves by no more than
``TOLERANCE``. GeoJSON counts from the corner of the scanned area, as the cells in GeoJSON do. A slide
without tissue gives a file without shapes.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from patherea_core.files import replacing
from patherea_core.geometry import Floats
from patherea_core.regions import as_outline
from plugin.dsa.outline_encoding import OutlineHead, encoded_outlines
from plugin.outputs.results import Results, SlideCells
from plugin.text_columns import fixed, joined

#: What the shapes are called.
NAME = "Tissue"

#: Micrometres by which a shape may leave what was looked at, to have fewer corners.
TOLERANCE = 8.0

#: Base pixels between the places where a corner may lie.
_GRID = 0.1

#: The name of a shape's area among its measurements.
_AREA = "Area mm^2"


def write_tissue(path: Path, results: Results) -> None:
    """Write the tissue of the one slide of a run as GeoJSON: one annotation object for each piece.

    Raises:
        InputError: nobody looked for tissue, or it is not known how large the slide is.
        OutputError: the file cannot be written.
    """
    (cells,) = results.slides
    record = {**results.record(), **_terms()}
    with replacing(path) as temporary, temporary.open("wb") as file:
        head = json.dumps(record, allow_nan=False, separators=(",", ":"))
        file.write(f'{{"type":"FeatureCollection","patherea":{head},"features":['.encode())
        separator = b"\n"
        for piece in _pieces(cells):
            file.write(separator + _feature(piece, cells))
            separator = b",\n"
        file.write(b"\n]}\n")


def write_tissue_annotation(path: Path, results: Results) -> None:
    """Write the tissue of the one slide of a run as an annotation: one closed line for each piece.

    Raises:
        InputError: nobody looked for tissue, or it is not known how large the slide is.
        OutputError: the file cannot be written.
    """
    (cells,) = results.slides
    head = OutlineHead(
        name=name_of(results),
        run_id=f"{results.run_id}-tissue",
        attributes={"slide": cells.slide, **results.facts, **_terms(), "run": results.run_id},
        group=NAME,
    )
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.writelines(encoded_outlines(_pieces(cells), head))


def name_of(results: Results) -> str:
    """Return what the annotation of the tissue is called."""
    return f"{NAME} {results.run_id}"


def _pieces(cells: SlideCells) -> Iterator[shapely.Polygon]:
    """Yield the pieces of tissue in base pixels, with fewer corners."""
    tolerance = TOLERANCE / cells.require_frame("an outline of tissue").base_mpp
    for piece in shapely.get_parts(cells.require_tissue()):
        # On the grid of what is written, for a line whose corners were rounded later might cross itself.
        exact = shapely.set_precision(shapely.simplify(piece, tolerance), _GRID)
        yield from (part for part in shapely.get_parts(as_outline(exact)) if not part.is_empty)


def _terms() -> dict[str, Any]:
    return {"tolerance_um": TOLERANCE}


def _feature(piece: shapely.Polygon, cells: SlideCells) -> bytes:
    frame = cells.require_frame("an outline of tissue")
    area = piece.area * frame.base_mpp**2 / 1e6
    properties = {
        "objectType": "annotation",
        "name": NAME,
        "image": cells.slide,
        "measurements": {_AREA: round(area, 6)},
    }
    rings = b",".join(
        _ring(shapely.get_coordinates(ring) - np.array(frame.offset))
        for ring in (piece.exterior, *piece.interiors)
    )
    text = json.dumps(properties, allow_nan=False, separators=(",", ":")).encode()
    return (
        b'{"type":"Feature","geometry":{"type":"Polygon","coordinates":[%b]},"properties":%b}'
        % (rings, text)
    )


def _ring(xy: Floats) -> bytes:
    """Return (N, 2) corners, the last one the first again, to a tenth of a pixel."""
    return b"[%b]" % joined("[", fixed(xy[:, 0], 1), ",", fixed(xy[:, 1], 1), "],")[:-1]
