"""A mask holds exactly the pixels whose middle lies in the outline."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.raster import rasterise
from patherea_core.geometry import Bools
from patherea_core.regions import Outline
from tests.builders import ring, square

corners = st.tuples(st.floats(-5, 25), st.floats(-5, 20))


def middles_inside(outline: Outline, width: int, height: int) -> Bools:
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    mask: Bools = shapely.contains_xy(outline, x, y)
    return mask


@settings(deadline=None, max_examples=200)
@given(st.lists(corners, min_size=3, max_size=9))
def test_a_pixel_is_labelled_if_its_middle_is_inside(ends: list[tuple[float, float]]) -> None:
    outline = shapely.Polygon(ends)
    if outline.is_valid and not outline.is_empty:
        wrong = rasterise(outline, 20, 15) != middles_inside(outline, 20, 15)
        # Where an edge runs through a middle within rounding, either answer is right.
        rows, columns = np.nonzero(wrong)
        edge = shapely.distance(outline.boundary, shapely.points(columns + 0.5, rows + 0.5))
        assert (edge < 1e-9).all()


@pytest.mark.parametrize(
    "outline",
    [
        ring(2.2, 3.3, 11, 4.1),
        shapely.union_all([ring(0, 0, 7.1, 2.3), square(9.4, 2.2, 4)]),
        shapely.Point(10, 7).buffer(6.3),
        square(-50, -50, 200),
        square(100, 100, 5),
    ],
)
def test_holes_parts_and_edges_of_the_image_are_right(outline: Outline) -> None:
    assert np.array_equal(rasterise(outline, 20, 15), middles_inside(outline, 20, 15))


def test_a_whole_pixel_square_covers_its_own_pixels() -> None:
    mask = rasterise(square(2, 3, 4), 10, 10)
    assert mask.sum() == 16
    assert mask[3:7, 2:6].all()


def test_neighbours_that_share_an_edge_through_middles_share_no_pixel() -> None:
    left, right = shapely.box(0, 0, 4.5, 10), shapely.box(4.5, 0, 10, 10)
    masks = rasterise(left, 10, 10), rasterise(right, 10, 10)
    assert not (masks[0] & masks[1]).any()
    assert (masks[0] | masks[1]).all()
