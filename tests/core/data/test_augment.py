"""Whatever moves the image moves its points and its mask along.

The points are drawn as bright dots; the moved image must equal the image of the moved points.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.augment import (
    View,
    augmented,
    crop,
    jittered,
    mirrored,
    random_box,
    transposed,
    turned,
)
from patherea_core.data.raster import rasterise
from patherea_core.geometry import Box
from patherea_core.points import Points
from tests.builders import dots, noise, points, ring, scattered, square

WIDTH, HEIGHT = 60, 40
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


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32), st.sampled_from([24, 40, 64]))
def test_a_random_view_is_consistent_and_its_points_lie_inside(seed: int, tile_size: int) -> None:
    view = augmented(dotted(), tile_size, 0.0, np.random.default_rng(seed))
    assert view.pixels.shape == (tile_size, tile_size, 3)
    assert view.labelled.shape == (tile_size, tile_size)
    assert Box(0, 0, tile_size, tile_size).contains(view.points.xy.astype(np.float32)).all()
    columns, rows = np.floor(view.points.xy).astype(int).T
    assert view.labelled[rows, columns].all()
    if tile_size <= HEIGHT:
        # Dots of cells beyond the crop shine over its edge.
        assert_consistent(view, border=6)


def test_all_eight_orientations_occur() -> None:
    view = View(noise(8, 8), Points.none(), np.ones((8, 8), bool))
    seen = {
        augmented(view, 8, 0.0, np.random.default_rng(seed)).pixels.tobytes() for seed in range(80)
    }
    assert len(seen) == 8


def test_crops_lie_around_labelled_pixels_evenly() -> None:
    labelled = rasterise(square(100, 0, 20), 200, 200) | rasterise(square(150, 150, 20), 200, 200)
    random = np.random.default_rng(0)
    boxes = [random_box(labelled, 20, random) for _ in range(600)]
    assert all(labelled[b.top : b.bottom, b.left : b.right].any() for b in boxes)
    assert all(0 <= b.left <= 180 and 0 <= b.top <= 180 for b in boxes)
    assert np.mean([b.top > 100 for b in boxes]) == pytest.approx(0.5, abs=0.08)


def test_a_small_image_lies_whole_in_the_crop() -> None:
    view = dotted()
    for seed in range(20):
        box = random_box(view.labelled, 64, np.random.default_rng(seed))
        assert box.left <= 0
        assert box.right >= WIDTH
        assert crop(view, box).labelled.sum() == view.labelled.sum()


def test_an_image_without_any_labelled_pixel_can_be_cropped() -> None:
    nowhere = np.zeros((30, 40), dtype=bool)
    box = random_box(nowhere, 16, np.random.default_rng(0))
    assert Box(0, 0, 40, 30).intersection(box) == box


def test_jitter_changes_colours_only_and_within_its_strength() -> None:
    pixels = noise(30, 20)
    view = View(pixels, points((3, 4, 1)), np.ones((20, 30), bool))
    changed = augmented(view, 20, 0.1, np.random.default_rng(0))
    plain = augmented(view, 20, 0.0, np.random.default_rng(0))
    assert np.array_equal(changed.labelled, plain.labelled)
    assert np.array_equal(changed.points.xy, plain.points.xy)
    assert not np.array_equal(changed.pixels, plain.pixels)
    assert np.abs(changed.pixels.astype(int) - plain.pixels).mean() < 30


def test_jitter_of_strength_zero_changes_nothing() -> None:
    assert np.array_equal(jittered(noise(9, 9), 0.0, np.random.default_rng(0)), noise(9, 9))


@pytest.mark.parametrize("grey", [0, 128])
def test_grey_stays_grey(grey: int) -> None:
    flat = np.full((5, 5, 3), grey, dtype=np.uint8)
    changed = jittered(flat, 0.3, np.random.default_rng(1))
    assert len(np.unique(changed)) == 1
    assert abs(int(changed[0, 0, 0]) - grey) <= 0.3 * grey + 1


def test_bright_pixels_do_not_wrap_around() -> None:
    white = np.full((5, 5, 3), 255, dtype=np.uint8)
    assert all(jittered(white, 0.2, np.random.default_rng(seed)).min() >= 203 for seed in range(20))
