"""Outlines of masks: what is inside stays inside."""

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from shapely.geometry import Polygon

from patherea_core.geometry import Bools
from plugin.slides.mask_outline import mask_outline

MASKS = arrays.arrays(np.bool_, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_the_outline_of_large_pixels_is_exactly_the_mask(mask: Bools) -> None:
    # Each pixel four times as large, so that what the outline may leave out cannot reach a middle.
    large = mask.repeat(4, axis=0).repeat(4, axis=1)
    outline = mask_outline(large)
    if not mask.any():
        assert outline is None
        return
    assert outline is not None
    assert outline.is_valid
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    inside = shapely.contains_xy(outline, columns * 4 + 2.0, rows * 4 + 2.0)
    assert np.array_equal(inside, mask)


def test_a_hole_is_a_hole() -> None:
    mask = np.ones((9, 12), dtype=bool)
    mask[3:6, 4:8] = False
    outline = mask_outline(mask)
    assert isinstance(outline, Polygon)
    assert outline.bounds == (0, 0, 12, 9)
    assert [Polygon(hole).area for hole in outline.interiors] == [12]


def test_pieces_are_pieces_even_if_they_touch_in_a_corner() -> None:
    mask = np.zeros((8, 8), dtype=bool)
    mask[:4, :4] = mask[4:, 4:] = True
    outline = mask_outline(mask)
    assert outline is not None
    assert len(shapely.get_parts(outline)) == 2
    assert outline.area == 32
