"""A slide of any size that takes no time to write, and as many cells on it as somebody asks for."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile

from patherea_core.points import Detections
from patherea_core.seeding import Seed

#: Micrometres of a base pixel.
MPP = 0.25

_TILE = 256


def write_plain_slide(path: Path, width: int, height: int) -> None:
    """Write a slide of one pale colour with all levels of its pyramid; each tile is the same few bytes."""
    tile = np.full((_TILE, _TILE, 3), (236, 226, 236), dtype=np.uint8)
    content = zlib.compress(tile.tobytes())
    levels = [(height, width)]
    while max(levels[-1]) > _TILE:
        levels.append((-(-levels[-1][0] // 2), -(-levels[-1][1] // 2)))
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        for number, (rows, columns) in enumerate(levels):
            per_centimetre = 1e4 / (MPP * 2**number)
            file.write(
                _repeated(content, -(-rows // _TILE) * -(-columns // _TILE)),
                shape=(rows, columns, 3),
                dtype=np.uint8,
                tile=(_TILE, _TILE),
                photometric="rgb",
                compression="zlib",
                subfiletype=1 if number else 0,
                resolution=(per_centimetre, per_centimetre),
                resolutionunit="CENTIMETER",
                metadata=None,
            )


def _repeated(content: bytes, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield content


def scattered_cells(count: int, width: int, height: int, class_count: int = 3) -> Detections:
    """Return cells all over a slide, in base pixels, each class mostly in a part of its own."""
    random = Seed(6).stream("large slide", count)
    xy = np.round(random.uniform((0, 0), (width, height), (count, 2)), 1)
    band = (xy[:, 0] * class_count / width).astype(np.int64).clip(0, class_count - 1)
    strayed = random.uniform(size=count) < 0.3
    class_index = np.where(strayed, random.integers(class_count, size=count), band)
    return Detections(xy, class_index, np.round(random.uniform(0.3, 1, count), 4))
