"""How many cells there are on each square millimetre of a slide, as a picture that lies on the slide.

The file is a BigTIFF with tiles and a pyramid. Its pages are of one size: all cells first, then each class
in its order; the description of a page names its class. A pixel is a square of the slide with sides of 32
micrometres, counted from the slide's corner in base pixels, and holds cells per mm² as a float; squares
that the slide's right or lower edge cuts count as whole ones. The resolution of the TIFF says how large a
pixel is, so that large_image gives it the right scale. The sum of a page, times the area of a square, is
the number of cells.
"""

import json
import math
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tifffile

from patherea_core.cells import gathered
from patherea_core.files import replacing
from plugin.outputs.results import Results, SlideCells
from plugin.text_columns import ROWS

#: Micrometres along the side of a square.
SQUARE = 32.0

_TILE = 256
_MICROMETRES_PER_CENTIMETRE = 1e4
_AREA_MM2 = (SQUARE / 1000) ** 2

Density: TypeAlias = npt.NDArray[np.float32]


def write_density(path: Path, results: Results) -> None:
    """Write where the cells of the one slide of a run are dense.

    Raises:
        InputError: it is not known how large the slide is.
    """
    (cells,) = results.slides
    density = densities(cells, len(results.taxonomy))
    pages = [("all", density.sum(axis=0))]
    if len(results.taxonomy) > 1:
        pages += zip(results.taxonomy.names, density, strict=True)
    record = results.record()
    with replacing(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=True) as file:
        for name, page in pages:
            says = {"class": name, "unit": "cells per mm2", "patherea": record}
            _write_page(file, page, json.dumps(says, allow_nan=False))


def densities(cells: SlideCells, class_count: int) -> Density:
    """Return cells per mm² of each class in each square: (T, h, w).

    Cells beyond the edges of the slide count in the nearest square.

    Raises:
        InputError: it is not known how large the slide is.
    """
    frame = cells.require_frame("a density map")
    pixels = SQUARE / frame.base_mpp
    height, width = math.ceil(frame.height / pixels), math.ceil(frame.width / pixels)
    counts = np.zeros((class_count, height, width), dtype=np.int32)
    for part in gathered(cells.cells.parts(), ROWS):
        column, row = (part.detections.xy / pixels).astype(np.int64).T
        place = (part.detections.class_index, row, column)
        # In one dimension this is ten times faster than in three.
        flat = np.ravel_multi_index(place, counts.shape, mode="clip")
        np.add.at(counts.reshape(-1), flat, 1)
    return counts.astype(np.float32) / np.float32(_AREA_MM2)


def _write_page(file: tifffile.TiffWriter, page: Density, description: str) -> None:
    """Write one page and below it its halves, the quarters and so on, until one tile holds it."""
    levels = [page]
    while max(levels[-1].shape) > _TILE:
        levels.append(halved(levels[-1]))
    for level, pixels in enumerate(levels):
        per_centimetre = _MICROMETRES_PER_CENTIMETRE / (SQUARE * 2**level)
        more: dict[str, Any] = (
            {"subfiletype": 1}
            if level
            else {"subifds": len(levels) - 1, "description": description}
        )
        file.write(
            pixels,
            tile=(_TILE, _TILE),
            photometric="minisblack",
            compression="zlib",
            predictor=True,
            resolution=(per_centimetre, per_centimetre),
            resolutionunit="CENTIMETER",
            metadata=None,
            **more,
        )


def halved(density: Density) -> Density:
    """Return the mean of each two by two squares: (⌈h/2⌉, ⌈w/2⌉); beyond the edges there are no cells."""
    height, width = density.shape
    even = np.pad(density, ((0, height % 2), (0, width % 2)))
    mean: Density = even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2).mean(axis=(1, 3))
    return mean
