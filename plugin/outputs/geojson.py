"""Cells as GeoJSON points, in the form that QuPath reads as detections.

QuPath counts from the corner of the scanned area, which on some slides is not the corner of the slide, so
positions are base pixels less ``SlideFrame.offset``. The member ``patherea`` of the file says so for each
slide, beside where the cells came from. The score is a measurement, by which QuPath can filter and colour.
QuPath opens files that end in .geojson, and .zip with such a file inside; .gz is for other programs.
"""

import gzip
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from patherea_core.cells import CellPart, gathered
from patherea_core.files import replacing
from patherea_core.taxonomy import CellClass, Taxonomy
from plugin.outputs.results import Results, SlideCells
from plugin.text_columns import ROWS, chosen, fixed, joined

Packing: TypeAlias = Literal["", ".gz", ".zip"]

#: How hard to pack: more than this costs much time for little room.
_EFFORT = 2


def write_geojson(path: Path, results: Results, packing: Packing = "") -> None:
    """Write all cells; each names its image, class and score."""
    with replacing(path) as temporary, _opened(temporary, packing, path.stem) as write:
        record = json.dumps(results.record(), allow_nan=False, separators=(",", ":"))
        write(f'{{"type":"FeatureCollection","patherea":{record},"features":['.encode())
        separator = b"\n"
        for cells in results.slides:
            for part in gathered(cells.cells.parts(), ROWS):
                write(separator + _features(part, cells, results.taxonomy)[:-2])
                separator = b",\n"
        write(b"\n]}\n")


@contextmanager
def _opened(path: Path, packing: Packing, stem: str) -> Iterator[Callable[[bytes], object]]:
    """Yield what writes bytes to the file; the same content gives the same bytes, packed or not.

    Args:
        path: where the bytes go.
        packing: how they are packed.
        stem: what a packed file is called.
    """
    with path.open("wb") as file:
        if packing == ".gz":
            with gzip.GzipFile("", "wb", _EFFORT, file, mtime=0) as packed:
                yield packed.write
        elif packing == ".zip":
            inner = f"{stem.removesuffix('.geojson')}.geojson"
            with (
                zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_EFFORT) as archive,
                archive.open(inner, "w", force_zip64=True) as packed,
            ):
                yield packed.write
        else:
            yield file.write


def _features(part: CellPart, cells: SlideCells, taxonomy: Taxonomy) -> bytes:
    """Return the features of some cells, each followed by a comma and the end of the line."""
    found = part.detections
    offset = np.array((0.0, 0.0) if cells.frame is None else cells.frame.offset)
    x, y = (found.xy - offset).T
    middles = [_middle(cell_class, cells.slide) for cell_class in taxonomy.classes]
    return joined(
        '{"type":"Feature","geometry":{"type":"Point","coordinates":[',
        fixed(x, 2),
        ",",
        fixed(y, 2),
        chosen(middles, found.class_index),
        fixed(found.score, 4),
        "}}},\n",
    )


def _middle(cell_class: CellClass, image: str) -> str:
    """Return what stands between the position and the score of a cell."""
    color = [int(cell_class.color[place : place + 2], 16) for place in (1, 3, 5)]
    properties = {
        "objectType": "detection",
        "classification": {"name": cell_class.name, "color": color},
        "image": image,
    }
    text = json.dumps(properties, separators=(",", ":"))
    return f']}},"properties":{text[:-1]},"measurements":{{"score":'
