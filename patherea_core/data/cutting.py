"""How an annotated region becomes images of bounded size, without losing or doubling a point."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from patherea_core.data.codec import polygons_of
from patherea_core.geometry import Box, Floats, Ints, Pixels, Scale
from patherea_core.points import Points
from patherea_core.regions import AnnotatedRegion, Outline
from patherea_core.slides import SlideReader, read_working


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A part of an annotated region with some context around it.

    Attributes:
        box: its place on the slide, in working pixels.
        pixels: (H, W, 3) RGB working pixels of the box.
        points: the cells it owns, in tile pixels.
        element_ids: for each point, the id of the annotation element it came from.
        labelled: the part of the region it owns, in tile pixels; the rest of the image is context.
    """

    box: Box
    pixels: Pixels
    points: Points
    element_ids: tuple[str, ...]
    labelled: Outline


def cut_region(
    slide: SlideReader,
    region: AnnotatedRegion,
    *,
    working_mpp: float,
    tile_size: int = 1024,
    margin: int = 32,
) -> list[Piece]:
    """Return the region in pieces whose owned parts tile it.

    The region's bounding box is divided evenly into cores of at most ``tile_size`` working pixels a
    side. Each piece owns the part of the region in its core, and shows ``margin`` working pixels more
    on every side. Cores are half-open, so a point belongs to exactly one piece; a point on the
    region's own edge that no core with a labelled area holds belongs to the nearest piece.

    Raises:
        ScaleError: a pixel size is no positive number.
        SlideError: the slide cannot be read.
    """
    scale = Scale(slide.base_mpp, working_mpp)
    outline = shapely.transform(region.outline, scale.to_working)
    points = region.points.moved_to(scale.to_working(region.points.xy))
    cores = [
        (core, labelled)
        for core in _cores(Box.around(outline.bounds), tile_size)
        if (labelled := polygons_of(outline.intersection(_rectangle(core)))).area > 0
    ]
    owners = _owners(points.xy, cores)
    pieces = []
    for number, (core, labelled) in enumerate(cores):
        box = core.grown(margin)
        rows = np.flatnonzero(owners == number)
        own = points.take(rows)
        pieces.append(
            Piece(
                box=box,
                pixels=read_working(slide, box, working_mpp),
                points=own.moved_to(own.xy - (box.left, box.top)),
                element_ids=tuple(region.element_ids[row] for row in rows),
                labelled=_moved(labelled, box),
            )
        )
    return pieces


def _cores(box: Box, tile_size: int) -> list[Box]:
    columns = _edges(box.left, box.width, tile_size)
    rows = _edges(box.top, box.height, tile_size)
    return [
        Box(left, top, right - left, bottom - top)
        for top, bottom in pairwise(rows)
        for left, right in pairwise(columns)
    ]


def _edges(start: int, length: int, tile_size: int) -> list[int]:
    count = -(-length // tile_size)
    return [start + length * number // count for number in range(count + 1)]


def _owners(xy: Floats, cores: list[tuple[Box, Outline]]) -> Ints:
    owners = np.full(len(xy), -1, dtype=np.int64)
    for number, (core, _) in enumerate(cores):
        owners[core.contains(xy)] = number
    orphans = np.flatnonzero(owners < 0)
    if len(orphans):
        places = shapely.points(xy[orphans])
        distances = np.stack([shapely.distance(places, labelled) for _, labelled in cores])
        owners[orphans] = distances.argmin(axis=0)
    return owners


def _rectangle(box: Box) -> shapely.Polygon:
    return shapely.box(box.left, box.top, box.right, box.bottom)


def _moved(outline: Outline, box: Box) -> Outline:
    def to_tile(xy: Floats) -> Floats:
        return xy - (box.left, box.top)

    moved: Outline = shapely.transform(outline, to_tile)
    return moved
