"""Tiles: cores partition the plane, and every anchor point has one owner."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import ShapeError
from patherea_core.geometry import Box
from patherea_core.tiling import Tile, cover, owned_by

GRID = 32


def anchors_of(tile: Tile) -> np.ndarray:
    """Return the anchors of a window at stride 8 with one anchor a site, in tile pixels."""
    y, x = np.mgrid[4 : tile.window.height : 8, 4 : tile.window.width : 8]
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float64)


corner = st.integers(-500, 2000)
side = st.integers(1, 900)


@settings(max_examples=60, deadline=None)
@given(
    corner, corner, side, side, st.sampled_from([32, 96, 250, 512]), st.sampled_from([0, 30, 64])
)
def test_every_anchor_in_the_outline_has_exactly_one_owner(
    left: int, top: int, width: int, height: int, tile_size: int, halo: int
) -> None:
    outline = shapely.box(left, top, left + width, top + height)
    owned = []
    for tile in cover(outline, tile_size=tile_size, halo=halo, grid=GRID):
        anchors = anchors_of(tile)
        mine = anchors[owned_by(tile, anchors)] + (tile.window.left, tile.window.top)
        owned += [tuple(position) for position in mine]
    assert len(set(owned)) == len(owned)
    first_x = int(np.ceil((left - 4) / 8)) * 8 + 4
    first_y = int(np.ceil((top - 4) / 8)) * 8 + 4
    wanted = {
        (x, y) for x in range(first_x, left + width, 8) for y in range(first_y, top + height, 8)
    }
    assert wanted <= set(owned)


@given(corner, corner, st.sampled_from([64, 100]), st.sampled_from([0, 33]))
def test_windows_lie_on_the_global_grid(left: int, top: int, tile_size: int, halo: int) -> None:
    outline = shapely.box(left, top, left + 200, top + 130)
    for tile in cover(outline, tile_size=tile_size, halo=halo, grid=GRID):
        window = tile.window
        assert window.left % GRID == window.top % GRID == 0
        assert window.width % GRID == window.height % GRID == 0
        assert tile.core.left - window.left == window.right - tile.core.right >= halo


@given(corner, corner, side, side, st.sampled_from([64, 250]), st.sampled_from([0, 33, 64]))
def test_a_window_ends_where_there_is_nothing_to_see(
    left: int, top: int, width: int, height: int, tile_size: int, halo: int
) -> None:
    outline = shapely.box(left, top, left + width, top + height)
    there = outline.buffer(20, join_style="mitre")
    uncut = cover(outline, tile_size=tile_size, halo=halo, grid=GRID)
    tiles = cover(outline, tile_size=tile_size, halo=halo, grid=GRID, seen=there)
    assert [tile.core for tile in tiles] == [tile.core for tile in uncut]
    for tile, before in zip(tiles, uncut, strict=True):
        window = tile.window
        assert window.left % GRID == window.top % GRID == 0
        assert window.width % GRID == window.height % GRID == 0
        assert before.window.intersection(window) == window
        assert tile.core.intersection(window) == tile.core
        for cut, away in (
            (window.left > before.window.left, there.bounds[0] - window.left),
            (window.top > before.window.top, there.bounds[1] - window.top),
            (window.right < before.window.right, window.right - there.bounds[2]),
            (window.bottom < before.window.bottom, window.bottom - there.bounds[3]),
        ):
            assert not cut or 0 <= away < GRID


def test_a_core_does_not_depend_on_the_region_it_is_asked_for() -> None:
    small = cover(shapely.box(600, 600, 700, 700), tile_size=256, halo=0, grid=GRID)
    large = cover(shapely.box(0, 0, 2000, 2000), tile_size=256, halo=0, grid=GRID)
    for tile in small:
        assert any(tile.core.intersection(other.core) == tile.core for other in large)


def test_tiles_that_do_not_touch_a_region_are_left_out() -> None:
    two = shapely.union_all([shapely.box(0, 0, 50, 50), shapely.box(3000, 3000, 3050, 3050)])
    tiles = cover(two, tile_size=512, halo=64, grid=GRID)
    assert len(tiles) == 2
    assert not any(tile.core.contains(np.array([[1500.0, 1500.0]]))[0] for tile in tiles)


def test_a_small_region_costs_a_small_tile() -> None:
    (tile,) = cover(shapely.box(100, 100, 164, 164), tile_size=1024, halo=0, grid=GRID)
    assert tile.core == Box(96, 96, 96, 96)


def test_a_tile_without_size_is_refused() -> None:
    with pytest.raises(ShapeError, match="no tiles of 0 pixels"):
        cover(shapely.box(0, 0, 1, 1), tile_size=0, halo=0, grid=GRID)
