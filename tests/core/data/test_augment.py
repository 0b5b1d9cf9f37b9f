"""Whatever moves the image moves its points and its mask along.

The points are drawn as bright dots; the moved image must equal the image of the moved points.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.config import TrainingConfig
from patherea_core.data.augment import (
    View,
    augmented,
    crop,
    mirrored,
    scaled,
    transposed,
    turned,
)
from patherea_core.data.raster import rasterise
from patherea_core.geometry import Box
from patherea_core.points import Points
from tests.builders import dots, noise, points, ring, scattered, square

WIDTH, HEIGHT = 60, 40
#: Everything that moves nothing.
LOOKS = {"stain_jitter": 0.3, "blur": 1.0, "colour_jitter": 0.2}
AREA = ring(3, 3, 33, 9)


def dotted(count: int = 12, *, seed: int = 0, inset: float = 0.5) -> View:
    inner = scattered(AREA, count, seed=seed, inset=inset)
    return View(dots(inner.xy, WIDTH, HEIGHT), inner, rasterise(AREA, WIDTH, HEIGHT))


def assert_consistent(view: View, *, border: int = 0) -> None:
    """Check that dots lie on points, and points on labelled pixels, off the border."""
    height, width = view.labelled.shape
    drawn = dots(view.points.xy, width, height).astype(int)
    inner = np.s_[border : height - border, border : width - border]
    assert np.abs(drawn - view.pixels)[inner].max(initial=0) <= 1
    columns, rows = np.floor(view.points.xy).astype(int).T
    assert view.labelled[rows, columns].all()


@pytest.mark.parametrize(
    "move", [mirrored, transposed, *(lambda v, q=q: turned(v, q) for q in range(5))]
)
def test_flips_and_turns_move_image_points_and_mask_together(move: Callable[[View], View]) -> None:
    before = dotted()
    after = move(before)
    assert_consistent(after)
    assert len(after.points) == len(before.points)
    assert after.labelled.sum() == before.labelled.sum()


def test_a_flip_counts_positions_from_the_other_corner() -> None:
    assert mirrored(
        View(noise(10, 6), points((2.5, 1, 0)), np.ones((6, 10), bool))
    ).points.xy.tolist() == [[7.5, 1]]


def test_a_quarter_turn_is_clockwise() -> None:
    view = turned(View(noise(10, 6), points((0.5, 0.5, 0)), np.ones((6, 10), bool)), 1)
    assert view.pixels.shape == (10, 6, 3)
    assert view.points.xy.tolist() == [[5.5, 0.5]]
    assert np.array_equal(view.pixels, np.rot90(noise(10, 6), k=-1))


@pytest.mark.parametrize(
    "move",
    [
        lambda v: mirrored(mirrored(v)),
        lambda v: transposed(transposed(v)),
        lambda v: turned(turned(v, 3), 1),
    ],
)
def test_a_move_and_its_inverse_change_nothing(move: Callable[[View], View]) -> None:
    before = dotted()
    after = move(before)
    assert np.array_equal(after.pixels, before.pixels)
    assert np.array_equal(after.labelled, before.labelled)
    assert after.points.xy == pytest.approx(before.points.xy)


def test_a_point_on_the_left_edge_is_still_inside_after_a_flip() -> None:
    view = mirrored(View(noise(10, 6), points((0, 1, 0)), np.ones((6, 10), bool)))
    assert np.float32(view.points.xy[0, 0]) < 10
    assert view.points.xy[0, 0] == pytest.approx(10, abs=1e-5)


def test_classes_stay_with_their_points() -> None:
    before = dotted()
    after = turned(mirrored(before), 1)
    assert after.points.class_index.tolist() == before.points.class_index.tolist()


@settings(deadline=None, max_examples=60)
@given(st.integers(-20, 60), st.integers(-20, 40), st.integers(1, 70), st.integers(1, 70))
def test_a_crop_moves_image_points_and_mask_together(
    left: int, top: int, width: int, height: int
) -> None:
    before, box = dotted(), Box(left, top, width, height)
    after = crop(before, box)
    assert after.pixels.shape == (height, width, 3)
    whole = np.full((200, 200, 3), 255, dtype=np.uint8)
    whole[60 : 60 + HEIGHT, 60 : 60 + WIDTH] = before.pixels
    mask = np.zeros((200, 200), dtype=bool)
    mask[60 : 60 + HEIGHT, 60 : 60 + WIDTH] = before.labelled
    window = np.s_[60 + top : 60 + top + height, 60 + left : 60 + left + width]
    assert np.array_equal(after.pixels, whole[window])
    assert np.array_equal(after.labelled, mask[window])
    kept = box.contains(before.points.xy)
    assert after.points.xy == pytest.approx(before.points.xy[kept] - (left, top))
    assert after.points.class_index.tolist() == before.points.class_index[kept].tolist()


def test_a_crop_is_half_open() -> None:
    view = View(noise(20, 20), points((5, 5, 0), (15, 5, 1), (5, 15, 1)), np.ones((20, 20), bool))
    assert crop(view, Box(5, 5, 10, 10)).points.xy.tolist() == [[0, 0]]


def test_crops_side_by_side_share_the_points_out() -> None:
    view = dotted(40)
    boxes = [Box(x, y, 20, 20) for x in (0, 20, 40) for y in (0, 20)]
    assert sum(len(crop(view, box).points) for box in boxes) == len(view.points)


@settings(deadline=None, max_examples=60)
@given(st.integers(32, 96), st.integers(0, 99))
def test_scaling_moves_image_points_and_mask_together(side: int, seed: int) -> None:
    area = square(12, 12, 24)
    inner = scattered(area, 3, seed=seed)
    before = View(dots(inner.xy, 48, 48, spread=4), inner, rasterise(area, 48, 48))
    after = scaled(before, side)
    factor = side / 48
    assert after.pixels.shape == (side, side, 3)
    assert after.points.xy == pytest.approx(inner.xy * factor)
    assert after.points.class_index.tolist() == inner.class_index.tolist()
    # Averaging over 1 / factor pixels widens the dots a little.
    drawn = dots(after.points.xy, side, side, spread=np.hypot(4 * factor, 0.4)).astype(int)
    assert np.abs(drawn - after.pixels).max() <= 255 * 0.12
    middles = (np.arange(side) + 0.5) / factor
    inside = (middles >= 12) & (middles < 36)
    assert np.array_equal(after.labelled, inside[:, None] & inside)


@pytest.mark.parametrize("side", [20, 36, 47, 49, 75, 130])
def test_scaling_keeps_a_dot_on_its_point_to_a_part_of_a_pixel(side: int) -> None:
    one = points((21.3, 25.8, 0))
    before = View(dots(one.xy, 48, 48, spread=2), one, np.ones((48, 48), bool))
    after = scaled(before, side)
    light = after.pixels[..., 0] / after.pixels[..., 0].sum(dtype=float)
    middles = np.arange(side) + 0.5
    centre = light.sum(axis=0) @ middles, light.sum(axis=1) @ middles
    assert after.points.xy[0] == pytest.approx(centre, abs=0.03 * max(1, side / 48))


def test_scaling_to_the_same_side_changes_nothing() -> None:
    view = View(noise(20, 20), points((3.25, 4, 1)), np.ones((20, 20), bool))
    assert scaled(view, 20) is view


def test_a_point_at_the_edge_is_still_inside_after_scaling() -> None:
    last = float(np.nextafter(30.0, 0.0))
    view = scaled(View(noise(30, 30), points((last, last, 0)), np.ones((30, 30), bool)), 20)
    assert (view.points.xy.astype(np.float32) < 20).all()


def test_making_smaller_averages_what_lies_between() -> None:
    lines = np.zeros((64, 64, 3), dtype=np.uint8)
    lines[::2] = 200
    small = scaled(View(lines, Points.none(), np.ones((64, 64), bool)), 16)
    assert np.abs(small.pixels[2:-2].astype(int) - 100).max() <= 10


@settings(deadline=None, max_examples=80)
@given(
    st.integers(0, 2**32),
    st.sampled_from([32, 64]),
    st.integers(-20, 40),
    st.sampled_from([0.0, 0.3]),
)
def test_a_tile_is_consistent_and_its_points_lie_inside(
    seed: int, tile_size: int, left: int, jitter: float
) -> None:
    chosen = TrainingConfig(tile_size=tile_size)
    random = np.random.default_rng(seed)
    side = round(tile_size * random.uniform(1 - jitter, 1 + jitter))
    window = Box(left, left // 2, side, side)
    view = augmented(dotted(inset=1.5), window, chosen, random)
    assert view.pixels.shape == (tile_size, tile_size, 3)
    assert view.labelled.shape == (tile_size, tile_size)
    assert Box(0, 0, tile_size, tile_size).contains(view.points.xy.astype(np.float32)).all()
    columns, rows = np.floor(view.points.xy).astype(int).T
    assert view.labelled[rows, columns].all()
    assert (view.pixels[rows, columns] > 120).all()


def test_all_eight_orientations_occur() -> None:
    view = View(noise(32, 32), Points.none(), np.ones((32, 32), bool))
    whole, chosen = Box(0, 0, 32, 32), TrainingConfig(tile_size=32)
    seen = {
        augmented(view, whole, chosen, np.random.default_rng(seed)).pixels.tobytes()
        for seed in range(80)
    }
    assert len(seen) == 8


@pytest.mark.parametrize("name", LOOKS)
def test_what_recolours_leaves_points_and_mask_as_they_are(name: str) -> None:
    view, window = dotted(), Box(4, 2, 32, 32)
    plain = augmented(view, window, TrainingConfig(tile_size=32), np.random.default_rng(8))
    chosen = TrainingConfig.model_validate({"tile_size": 32, name: LOOKS[name]})
    changed = augmented(view, window, chosen, np.random.default_rng(8))
    assert np.array_equal(changed.labelled, plain.labelled)
    assert np.array_equal(changed.points.xy, plain.points.xy)
    assert np.array_equal(changed.points.class_index, plain.points.class_index)
    assert not np.array_equal(changed.pixels, plain.pixels)


def test_a_tile_depends_on_its_stream_only() -> None:
    chosen = TrainingConfig.model_validate({"tile_size": 32, **LOOKS})
    one, same, other = (
        augmented(dotted(), Box(4, 2, 40, 40), chosen, np.random.default_rng(seed)).pixels
        for seed in (5, 5, 6)
    )
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@settings(deadline=None, max_examples=40)
@given(st.integers(-9, 50), st.integers(-9, 30), st.integers(1, 40), st.floats(0.5, 12.0))
def test_with_a_reach_what_a_point_outside_is_near_to_is_unlabelled(
    left: int, top: int, side: int, reach: float
) -> None:
    before, box = dotted(30), Box(left, top, side, side)
    plain, after = crop(before, box), crop(before, box, reach)
    outside = before.points.xy[~box.contains(before.points.xy)] - (left, top)
    rows, columns = np.mgrid[:side, :side] + 0.5
    apart = np.hypot(columns[..., None] - outside[:, 0], rows[..., None] - outside[:, 1]).min(
        axis=2, initial=np.inf
    )
    assert np.array_equal(after.labelled, plain.labelled & (apart >= reach))
    assert np.array_equal(after.pixels, plain.pixels)
    assert np.array_equal(after.points.xy, plain.points.xy)
