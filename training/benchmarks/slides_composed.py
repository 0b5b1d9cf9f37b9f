"""Slides of any size for benchmarks: pictures side by side, and glass where there is no tissue.

A slide is a tiled TIFF of JPEG pictures with ever coarser copies, as scanners write it. It is written tile by
tile from a few pictures that lie in memory, so that a slide of any size takes no more memory than they do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from patherea_core.data.store import read_manifest, read_sample
from patherea_core.errors import InputError
from patherea_core.files import replacing
from patherea_core.geometry import Ints, Pixels
from patherea_core.seeding import Seed

#: Each level is so many times smaller than the one before, as most scanners do it.
STEP = 4
#: Sides of pictures are whole multiples of it, so that they can be reduced that often.
_SIDE_UNIT = STEP**3
_TILE = 256
_QUALITY = 85
_GLASS = 243
#: Pictures that are kept in memory, and their bytes.
_MOST_PICTURES, _MOST_BYTES = 24, 1 << 27
#: Pieces of tissue: middle and half axes, as shares of the sides of the slide. They cover 57 % of it.
_PIECES = ((0.28, 0.52, 0.24, 0.42), (0.75, 0.32, 0.21, 0.27), (0.76, 0.80, 0.17, 0.15))


@dataclass(frozen=True, slots=True, eq=False)
class Mosaic:
    """A slide that is not written yet.

    Attributes:
        width: in base pixels.
        height: in base pixels.
        mpp: micrometres per base pixel.
        levels: (P, S, S, 3) pictures, and the same ones reduced, from fine to coarse.
        places: (rows, columns) what is shown on each square of S pixels: the number of a picture times
            eight, plus how it is turned; -1 is glass.
    """

    width: int
    height: int
    mpp: float
    levels: tuple[Pixels, ...]
    places: Ints

    def size(self, level: int) -> tuple[int, int]:
        """Return height and width of a level in its pixels."""
        factor = STEP**level
        return -(-self.height // factor), -(-self.width // factor)

    def tile(self, level: int, top: int, left: int) -> Pixels:
        """Return the (256, 256, 3) pixels of a level from a corner on; glass beyond the places."""
        pictures, canvas = self.levels[level], np.full((_TILE, _TILE, 3), _GLASS, dtype=np.uint8)
        side = pictures.shape[1]
        rows, columns = self.places.shape
        for row in range(top // side, min(rows, -(-(top + _TILE) // side))):
            for column in range(left // side, min(columns, -(-(left + _TILE) // side))):
                place = self.places[row, column]
                if place >= 0:
                    shown = _turned(pictures[place // 8], place % 8)
                    _paste(canvas, shown, row * side - top, column * side - left)
        return canvas


def mosaic(pictures: Pixels, sides: tuple[int, int], mpp: float) -> Mosaic:
    """Return a slide that shows (P, S, S, 3) pictures in some order, always the same.

    Args:
        pictures: as high as wide; S is a multiple of 64.
        sides: width and height of the slide in base pixels.
        mpp: micrometres per base pixel.
    """
    width, height = sides
    side = pictures.shape[1]
    places = _tissue(-(-height // side), -(-width // side))
    random = Seed(0).stream("benchmark mosaic")
    shown = random.integers(8 * len(pictures), size=places.shape)
    levels = [pictures]
    while levels[-1].shape[1] % STEP == 0 and len(levels) < 4:
        levels.append(_reduced(levels[-1]))
    return Mosaic(width, height, mpp, tuple(levels), np.where(places, shown, -1))


def write_slide(slide: Mosaic, path: Path) -> None:
    """Write a slide, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as temporary, tifffile.TiffWriter(temporary, bigtiff=True) as file:
        for level in range(len(slide.levels)):
            per_centimetre = 1e4 / (slide.mpp * STEP**level)
            how: dict[str, Any] = {
                "shape": (*slide.size(level), 3),
                "dtype": np.uint8,
                "tile": (_TILE, _TILE),
                "photometric": "rgb",
                "compression": "jpeg",
                "compressionargs": {"level": _QUALITY},
                "resolution": (per_centimetre, per_centimetre),
                "resolutionunit": "CENTIMETER",
                "subfiletype": 1 if level else 0,
                "metadata": None,
                "maxworkers": 1,
            }
            file.write(_tiles(slide, level), **how)


def dataset_pictures(folder: Path, mpp: float) -> Pixels:
    """Return (P, S, S, 3) pictures of a dataset at a pixel size, spread evenly over its images.

    Raises:
        DatasetError: a file is missing or broken.
        InputError: the images are too small.
    """
    manifest = read_manifest(folder)
    every = max(1, len(manifest.samples) // _MOST_PICTURES)
    records = manifest.samples[::every][:_MOST_PICTURES]
    shown = [Image.fromarray(read_sample(folder, manifest, each).pixels) for each in records]
    factor = manifest.mpp / mpp
    return _cut(
        [
            image.resize((round(image.width * factor), round(image.height * factor)))
            for image in shown
        ]
    )


def field_pictures(folder: Path) -> Pixels:
    """Return (P, S, S, 3) pictures from the image files of a folder.

    Raises:
        InputError: there are none, or they are too small.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in {".jpg", ".png"})
    return _cut([Image.open(path) for path in files[:_MOST_PICTURES]])


def _cut(images: Sequence[Image.Image]) -> Pixels:
    """Return the upper left squares of images, as large as all of them allow."""
    least = min((min(image.size) for image in images), default=0)
    side = least // _SIDE_UNIT * _SIDE_UNIT
    if not side:
        raise InputError(
            f"pictures must be at least {_SIDE_UNIT} pixels wide and high, and there must be one; give"
            " another folder"
        )
    kept = images[: max(1, _MOST_BYTES // (3 * side**2))]
    return np.stack([np.asarray(image.crop((0, 0, side, side)).convert("RGB")) for image in kept])


def _tissue(rows: int, columns: int) -> Ints:
    """Return (rows, columns) 1 where there is tissue, in the same shape whatever the size."""
    down = (np.arange(rows)[:, np.newaxis] + 0.5) / rows
    across = (np.arange(columns) + 0.5) / columns
    shown = np.zeros((rows, columns), dtype=np.int64)
    for x, y, half_width, half_height in _PIECES:
        shown |= ((across - x) / half_width) ** 2 + ((down - y) / half_height) ** 2 <= 1
    return shown


def _reduced(pictures: Pixels) -> Pixels:
    """Return (P, S / 4, S / 4, 3) means of four by four pixels."""
    count, side = pictures.shape[:2]
    less = np.empty((count, side // STEP, side // STEP, 3), dtype=np.uint8)
    for row, picture in enumerate(pictures):
        squares = picture.reshape(side // STEP, STEP, side // STEP, STEP, 3)
        less[row] = squares.mean(axis=(1, 3)) + 0.5
    return less


def _turned(picture: Pixels, how: int) -> Pixels:
    """Return a picture in one of its eight positions."""
    turned = np.rot90(picture, how % 4)
    return turned.swapaxes(0, 1) if how >= 4 else turned


def _paste(canvas: Pixels, picture: Pixels, top: int, left: int) -> None:
    """Show what lies on the canvas of a picture whose corner may lie beyond its edge."""
    height, width = canvas.shape[:2]
    part = picture[max(0, -top) : height - top, max(0, -left) : width - left]
    top, left = max(0, top), max(0, left)
    canvas[top : top + part.shape[0], left : left + part.shape[1]] = part


def _tiles(slide: Mosaic, level: int) -> Iterator[Pixels]:
    """Yield the tiles of a level, row by row."""
    height, width = slide.size(level)
    for top in range(0, height, _TILE):
        for left in range(0, width, _TILE):
            yield slide.tile(level, top, left)
