"""Cover an area with tiles on one global grid, so that their results merge without seams.

All boxes are in working pixels. Cores partition the plane: every anchor point lies in exactly one
core, and only the tile of that core may report its proposal (the owner rule). So no cell is doubled
or lost where tiles meet, whatever the order they are computed in. Around its core a tile sees a halo
of further pixels, wide enough that what lies beyond hardly moves a decision. Windows begin on
multiples of the network's largest stride; off that grid the network itself decides differently.
"""

import math
from dataclasses import dataclass

import shapely

from patherea_core.errors import ShapeError
from patherea_core.geometry import Bools, Box, Floats
from patherea_core.regions import Outline


@dataclass(frozen=True, slots=True)
class Tile:
    """One piece of work: what the network sees, and the part it answers for; working pixels."""

    core: Box
    window: Box


def cover(
    outline: Outline, *, tile_size: int, halo: int, grid: int, seen: Outline | None = None
) -> list[Tile]:
    """Return the tiles whose cores hold the anchor points of an outline, row by row.

    Cores are cut to the grid-aligned box around the outline, so that a small area costs a small tile.
    Windows can be cut as well: where there is nothing to see, the network's own padding is what it knows
    from the edges of the pictures that it was trained on, and costs nothing.

    Args:
        outline: the area, in working pixels.
        tile_size: side of a core; rounded up to a multiple of ``grid``.
        halo: pixels seen around a core; rounded up to a multiple of ``grid``.
        grid: the network's largest stride.
        seen: what there is to see, in working pixels: windows are cut to the grid-aligned box around it;
            None leaves them whole. It holds the outline.
    """
    if tile_size <= 0 or halo < 0 or grid <= 0:
        raise ShapeError(
            f"no tiles of {tile_size} pixels with a halo of {halo} on a grid of {grid}"
        )
    core_size, margin = _up(tile_size, grid), _up(halo, grid)
    bounds = _aligned(Box.around(outline.bounds), grid)
    frame = None if seen is None else _aligned(Box.around(seen.bounds), grid)
    tiles = []
    shapely.prepare(outline)
    for top in range(math.floor(bounds.top / core_size) * core_size, bounds.bottom, core_size):
        for left in range(math.floor(bounds.left / core_size) * core_size, bounds.right, core_size):
            core = Box(left, top, core_size, core_size).intersection(bounds)
            if core is not None and outline.intersects(
                shapely.box(core.left, core.top, core.right, core.bottom)
            ):
                window = core.grown(margin)
                tiles.append(Tile(core, window if frame is None else _within(window, frame)))
    return tiles


def owned_by(tile: Tile, anchors: Floats) -> Bools:
    """Tell which of (M, 2) anchor points of a tile's window, in tile pixels, its core owns: (M,) mask."""
    offset = (tile.window.left, tile.window.top)
    return tile.core.contains(anchors + offset)


def _within(window: Box, frame: Box) -> Box:
    inside = window.intersection(frame)
    assert inside is not None  # it holds a core, which lies on the frame
    return inside


def _up(length: int, grid: int) -> int:
    return math.ceil(length / grid) * grid


def _aligned(box: Box, grid: int) -> Box:
    left, top = math.floor(box.left / grid) * grid, math.floor(box.top / grid) * grid
    return Box(left, top, _up(box.right - left, grid), _up(box.bottom - top, grid))
