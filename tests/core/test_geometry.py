"""Positions keep their meaning from frame to frame; boxes are half-open."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import ScaleError, ShapeError
from patherea_core.geometry import Box, Floats, Scale, as_xy

whole = st.integers(-1000, 1000)
sides = st.integers(1, 500)
boxes = st.builds(Box, whole, whole, sides, sides)
numbers = st.floats(-1e6, 1e6)
positions = st.lists(st.tuples(numbers, numbers), max_size=20).map(as_xy)
mpps = st.floats(0.05, 10)


@pytest.mark.parametrize("nothing", [[], np.empty((0, 2)), np.empty(0)])
def test_no_positions_are_an_empty_array_of_two_columns(nothing: object) -> None:
    assert as_xy(nothing).shape == (0, 2)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [[1, 2], [[1, 2, 3]], [[[1, 2]]], 5])
def test_what_is_no_list_of_pairs_is_refused(values: object) -> None:
    with pytest.raises(ShapeError, match=r"\(N, 2\)"):
        as_xy(values)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_positions_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ShapeError, match="finite"):
        as_xy([[0, value]])


@pytest.mark.parametrize("side", [0, -1])
def test_a_box_without_extent_is_refused(side: int) -> None:
    with pytest.raises(ShapeError, match="positive width and height"):
        Box(0, 0, side, 5)
    with pytest.raises(ShapeError, match="positive width and height"):
        Box(0, 0, 5, side)


def test_a_box_holds_its_upper_left_edges_but_not_its_lower_right_ones() -> None:
    corners = as_xy([(2, 3), (11.999, 7.999), (12, 3), (2, 8), (1.999, 3), (2, 2.999)])
    assert Box(2, 3, 10, 5).contains(corners).tolist() == [True, True, False, False, False, False]


@given(whole, whole, positions)
def test_boxes_side_by_side_share_the_positions_out(left: int, top: int, xy: Floats) -> None:
    whole_box = Box(left, top, 20, 10)
    parts = [Box(left, top, 7, 10), Box(left + 7, top, 13, 4), Box(left + 7, top + 4, 13, 6)]
    inside = sum(part.contains(xy).astype(int) for part in parts)
    assert np.array_equal(inside, whole_box.contains(xy).astype(int))


@given(st.tuples(numbers, numbers), st.floats(0, 1000), st.floats(0, 1000))
def test_the_box_around_bounds_is_the_smallest_that_holds_them(
    corner: tuple[float, float], width: float, height: float
) -> None:
    left, top = corner
    right, bottom = left + width, top + height
    box = Box.around((left, top, right, bottom))
    assert box.left <= left < box.left + 1
    assert box.top <= top < box.top + 1
    assert right <= box.right
    assert bottom <= box.bottom
    assert box.width == 1 or box.right - 1 < right
    assert box.height == 1 or box.bottom - 1 < bottom


@given(boxes, st.integers(0, 50))
def test_growing_and_shrinking_a_box_gives_it_back(box: Box, margin: int) -> None:
    assert box.grown(margin).grown(-margin) == box
    assert box.grown(margin).intersection(box) == box


@given(boxes, boxes)
def test_the_intersection_holds_what_both_boxes_hold(one: Box, other: Box) -> None:
    shared = one.intersection(other)
    assert shared == other.intersection(one)
    xs = range(max(one.left, other.left), min(one.right, other.right))
    ys = range(max(one.top, other.top), min(one.bottom, other.bottom))
    if shared is None:
        assert not (xs and ys)
    else:
        assert (range(shared.left, shared.right), range(shared.top, shared.bottom)) == (xs, ys)


def test_messages_say_of_a_box_where_it_lies_and_how_large_it_is() -> None:
    assert str(Box(-4, 0, 3072, 512)) == "x -4, y 0, 3072 × 512 pixels"


def test_boxes_that_only_touch_share_nothing() -> None:
    assert Box(0, 0, 5, 5).intersection(Box(5, 0, 5, 5)) is None
    assert Box(0, 0, 5, 5).intersection(Box(0, 5, 5, 5)) is None


@given(positions, mpps, mpps)
def test_to_working_pixels_and_back_is_the_same_place(
    xy: Floats, base: float, working: float
) -> None:
    scale = Scale(base, working)
    assert scale.to_base(scale.to_working(xy)) == pytest.approx(xy)


@given(positions, mpps, mpps)
def test_micrometres_do_not_depend_on_the_working_pixels(
    xy: Floats, base: float, working: float
) -> None:
    scale = Scale(base, working)
    assert scale.to_micrometres(scale.to_working(xy)) == pytest.approx(xy * base)


def test_half_the_resolution_halves_positions() -> None:
    scale = Scale(base_mpp=0.25, working_mpp=0.5)
    assert scale.base_per_working == 2
    assert scale.to_working(as_xy([(1, 3)])).tolist() == [[0.5, 1.5]]


def test_the_corner_of_the_slide_is_the_origin_of_both_frames() -> None:
    assert Scale(0.25, 0.7).to_working(as_xy([(0, 0)])).tolist() == [[0, 0]]


@pytest.mark.parametrize("mpp", [0.0, -0.5, math.nan, math.inf])
def test_a_pixel_size_that_is_no_positive_number_is_refused(mpp: float) -> None:
    with pytest.raises(ScaleError, match="slide pixel size"):
        Scale(mpp, 0.5)
    with pytest.raises(ScaleError, match="working pixel size"):
        Scale(0.5, mpp)
