"""Labelled images, and slides made of them: a pyramidal TIFF with the images side by side on glass."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
import tifffile

from patherea_core.errors import InputError, ScaleError
from patherea_core.files import replacing
from patherea_core.geometry import Box, Floats, Pixels
from patherea_core.points import Points
from patherea_core.regions import Outline, inside

#: Base pixels of empty glass around every image.
_GAP = 96

#: Brightness of empty glass.
_GLASS = 240

_TILE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """An image with the cells that a person labelled in it; all in pixels of the image.

    Attributes:
        name: unique among the fields of a slide.
        pixels: (H, W, 3) RGB.
        points: the cells.
        patient: whose tissue it is.
        outline: the area in which every cell is labelled; None for the whole image.
    """

    name: str
    pixels: Pixels
    points: Points
    patient: str
    outline: Outline | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PlacedField:
    """A field on a slide, in base pixels.

    Attributes:
        name: the field's.
        box: where its image lies.
        outline: the area in which every cell is labelled.
        points: the cells in that area.
    """

    name: str
    box: Box
    outline: Outline
    points: Points


@dataclass(frozen=True, slots=True, eq=False)
class ComposedSlide:
    """A slide file and what is on it.

    Attributes:
        path: a tiled, pyramidal TIFF that says how large its pixels are.
        mpp: micrometres per base pixel.
        fields: in the order they were given.
    """

    path: Path
    mpp: float
    fields: tuple[PlacedField, ...]


def compose(fields: Sequence[Field], mpp: float, path: Path) -> ComposedSlide:
    """Write a slide with the fields side by side and return where each of them is.

    The full resolution holds the fields' own pixels, without loss. Cells outside of a field's outline
    are left out, since an outline says where all cells are labelled.

    Raises:
        InputError: there is no field.
        ScaleError: the pixel size is not a positive number.
        OutputError: the file cannot be written.
    """
    if not fields:
        raise InputError("a slide needs at least one image; give some")
    if not (math.isfinite(mpp) and mpp > 0):
        raise ScaleError(f"the pixel size must be a positive number of µm, not {mpp}")
    boxes = _arrange([(field.pixels.shape[1], field.pixels.shape[0]) for field in fields])
    width = max(box.right for box in boxes) + _GAP
    height = max(box.bottom for box in boxes) + _GAP
    canvas = np.full((height, width, 3), _GLASS, dtype=np.uint8)
    for field, box in zip(fields, boxes, strict=True):
        canvas[box.top : box.bottom, box.left : box.right] = field.pixels
    write_pyramid(canvas, mpp, path)
    placed = tuple(_place(field, box) for field, box in zip(fields, boxes, strict=True))
    return ComposedSlide(path, mpp, placed)


def write_pyramid(pixels: Pixels, mpp: float, path: Path) -> None:
    """Write (H, W, 3) RGB pixels as a tiled TIFF with ever coarser copies and a resolution.

    Raises:
        OutputError: the file cannot be written.
    """
    with replacing(path) as temporary, tifffile.TiffWriter(temporary) as file:
        for number, level in enumerate(_levels(pixels)):
            per_centimetre = 1e4 / (mpp * 2**number)
            file.write(
                level,
                photometric="rgb",
                tile=(_TILE, _TILE),
                compression="zlib",
                resolution=(per_centimetre, per_centimetre),
                resolutionunit="CENTIMETER",
                subfiletype=1 if number else 0,
                metadata=None,
            )


def irregular_outline(random: np.random.Generator, width: int, height: int) -> Outline:
    """Return an outline as a hand would draw it: rounded, uneven, most of a width × height image."""
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    rounded = np.sign(directions) * np.abs(directions) ** 0.5
    waves = [np.cos(number * angles + random.uniform(0, 2 * np.pi)) for number in (2, 3, 5, 7)]
    sizes = 0.925 + 0.017 * np.sum(waves, axis=0)[:, None]
    xy: Floats = (0.5 + 0.5 * rounded * sizes) * (width, height)
    return shapely.Polygon(np.round(xy, 1))


def _levels(pixels: Pixels) -> Iterator[Pixels]:
    """Yield the pixels, then copies of half the size each until one tile holds the last."""
    yield pixels
    while max(pixels.shape[:2]) > _TILE:
        rows, columns = (side // 2 * 2 for side in pixels.shape[:2])
        blocks = pixels[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, 3)
        pixels = np.asarray(blocks.mean(axis=(1, 3)) + 0.5, dtype=np.uint8)
        yield pixels


def _arrange(sizes: Sequence[tuple[int, int]]) -> list[Box]:
    """Return a box for each (width, height), in rows from the upper left, about as wide as high."""
    area = sum((width + _GAP) * (height + _GAP) for width, height in sizes)
    widest = max(max(width for width, _ in sizes) + 2 * _GAP, round(1.25 * math.sqrt(area)))
    boxes: list[Box] = []
    left, top, next_top = _GAP, _GAP, _GAP
    for width, height in sizes:
        if boxes and left + width + _GAP > widest:
            left, top = _GAP, next_top
        boxes.append(Box(left, top, width, height))
        left += width + _GAP
        next_top = max(next_top, top + height + _GAP)
    return boxes


def _place(field: Field, box: Box) -> PlacedField:
    corner = np.array([box.left, box.top])
    outline = field.outline or shapely.box(0, 0, box.width, box.height)
    labelled = field.points.take(inside(outline, field.points.xy))
    return PlacedField(
        field.name,
        box,
        shapely.transform(outline, lambda xy: xy + corner),
        labelled.moved_to(labelled.xy + corner),
    )
