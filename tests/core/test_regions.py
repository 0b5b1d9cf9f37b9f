"""A region has an area, and all of its points lie in it."""

import numpy as np
import pytest
import shapely

from patherea_core.errors import AnnotationError, ShapeError
from patherea_core.geometry import Box, as_xy
from patherea_core.points import Points
from patherea_core.regions import AnnotatedRegion, checked_outline, inside
from tests.builders import points, region, ring, square


def test_edges_belong_to_an_outline_and_holes_do_not() -> None:
    xy = as_xy([(1, 1), (0, 5), (10, 10), (5, 5), (3, 5), (11, 5)])
    assert inside(ring(0, 0, 10, 4), xy).tolist() == [True, True, True, False, True, False]


def test_no_positions_are_nowhere() -> None:
    assert inside(square(0, 0, 1), np.empty((0, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("outline", "message"),
    [
        (shapely.Polygon(), "ROI has no area"),
        (shapely.Polygon([(0, 0), (5, 0), (9, 0)]), "ROI has no area"),
        (shapely.Polygon([(0, 0), (4, 4), (4, 0), (0, 5)]), "ROI crosses itself"),
    ],
)
def test_an_outline_that_bounds_no_clear_area_is_refused(
    outline: shapely.Polygon, message: str
) -> None:
    with pytest.raises(AnnotationError, match=f"{message}.*draw it again"):
        checked_outline(outline, "ROI")


def test_a_sound_outline_is_given_back() -> None:
    outline = ring(0, 0, 10, 4)
    assert checked_outline(outline, "ROI") is outline


def test_a_region_knows_its_box() -> None:
    assert region(square(1.5, 2.5, 3)).box == Box(1, 2, 4, 4)


def test_a_region_without_points_is_fine() -> None:
    assert len(region(square(0, 0, 5), Points.none()).points) == 0


def test_points_outside_of_their_region_are_refused() -> None:
    with pytest.raises(AnnotationError, match="2 points of region 'ROI' lie outside of it"):
        region(ring(0, 0, 10, 4), points((1, 1, 0), (5, 5, 0), (20, 1, 0)))


def test_another_number_of_ids_than_points_is_refused() -> None:
    with pytest.raises(ShapeError, match="'ROI' has 1 points but 0 ids"):
        AnnotatedRegion("ROI", square(0, 0, 5), points((1, 1, 0)), ())
