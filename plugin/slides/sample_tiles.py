"""A few tiles from all over the tissue, to judge a slide by."""

import math
from dataclasses import dataclass

import numpy as np
import shapely

from patherea_core.data.looks import TILE_SIDE
from patherea_core.errors import SlideError
from patherea_core.geometry import Box, Floats, Pixels, Scale, as_xy
from patherea_core.regions import Outline
from patherea_core.slides import SlideReader, read_working

#: Places tried for each tile wanted, so that a ragged outline still gives enough.
_TRIED = 8


@dataclass(frozen=True, slots=True, eq=False)
class SampleTiles:
    """Some tiles of a slide.

    Attributes:
        tiles: (side, side, 3) RGB working pixels each.
        problems: what went wrong with those that could not be read, a sentence each.
    """

    tiles: tuple[Pixels, ...]
    problems: tuple[str, ...]


def sample_tiles(
    slide: SlideReader, outline: Outline, mpp: float, *, count: int = 12, side: int = TILE_SIDE
) -> SampleTiles:
    """Return about so many tiles whose middles are spread evenly over an outline; the same ones every time.

    Args:
        slide: where from.
        outline: where on the slide, in base pixels.
        mpp: micrometres per working pixel.
        count: how many tiles.
        side: of a tile, in working pixels.
    """
    middles = Scale(slide.base_mpp, mpp).to_working(spread_over(outline, count))
    tiles, problems = [], []
    for x, y in np.floor(middles).astype(int).tolist():
        try:
            tiles.append(read_working(slide, Box(x - side // 2, y - side // 2, side, side), mpp))
        except SlideError as error:
            problems.append(str(error))
    return SampleTiles(tuple(tiles), tuple(problems))


def spread_over(outline: Outline, count: int) -> Floats:
    """Return up to ``count`` positions inside an outline, (N, 2), on a grid; at least one."""
    left, top, right, bottom = outline.bounds
    step = math.sqrt(max(outline.area, 1.0) / (_TRIED * count))
    across = np.arange(left + step / 2, right, step)
    down = np.arange(top + step / 2, bottom, step)
    grid = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    shapely.prepare(outline)
    inside = grid[shapely.contains_xy(outline, grid[:, 0], grid[:, 1])]
    if len(inside) == 0:
        return as_xy(shapely.get_coordinates(outline.point_on_surface()))
    # The grid goes row by row, so equal steps through it reach every part.
    rows = np.linspace(0, len(inside) - 1, min(count, len(inside))).round().astype(int)
    return as_xy(inside[rows])
