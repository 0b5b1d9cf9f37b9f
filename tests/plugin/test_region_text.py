"""The region as a list of numbers."""

import pytest
import shapely

from patherea_core.errors import InputError
from plugin.region_text import parse_region


def outline(text: str) -> shapely.Geometry:
    found = parse_region(text)
    assert found is not None
    return found


@pytest.mark.parametrize("text", ["", "-1,-1,-1,-1", "-1, -1, -1, -1", "-1.0,-1.0,-1.0,-1.0"])
def test_four_times_minus_one_is_the_whole_slide(text: str) -> None:
    assert parse_region(text) is None


def test_four_numbers_are_left_top_width_and_height() -> None:
    assert outline("10,20,30,40").equals(shapely.box(10, 20, 40, 60))


def test_six_numbers_are_the_middle_and_the_half_sides() -> None:
    assert outline("100,50,0,10,20,0").equals(shapely.box(90, 30, 110, 70))


def test_eight_numbers_are_a_polygon() -> None:
    assert outline("0,0,10,0,10,10,0,10").equals(shapely.box(0, 0, 10, 10))


def test_a_triangle_repeats_its_first_corner() -> None:
    assert outline("0,0,10,0,0,10,0,0").area == pytest.approx(50)


def test_several_shapes_are_one_region() -> None:
    found = outline("0,0,10,10,-1,-1,100,100,10,10,-1,-1,200,0,210,0,210,10,200,10")
    assert found.area == pytest.approx(300)
    assert shapely.get_num_geometries(found) == 3


def test_overlapping_shapes_count_once() -> None:
    assert outline("0,0,10,10,-1,-1,5,0,10,10").area == pytest.approx(150)


def test_a_corner_at_minus_one_is_told_from_the_end_of_a_shape_by_its_point() -> None:
    assert outline("-1.0,-1.0,9,-1.0,9,9,-1.0,9").area == pytest.approx(100)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("5,5", "point has no area"),
        ("0,0,10,10,-2,-2", "line has no area"),
        ("0,0,10,10,20,20,-2,-2", "line has no area"),
        ("0,0,10,10,-1,-1,5,5", "point has no area"),
        ("1,2,3", "pairs"),
        ("1,2,3,four", "'four'"),
        ("1,2,nan,4", "'nan'"),
        ("1,2,3,inf", "'inf'"),
        ("0,0,0,10", "positive width"),
        ("0,0,-5,10", "positive width"),
        ("0,0,10,10,10,0,0,10", "crosses itself"),
        ("-1,-1", "no numbers"),
    ],
)
def test_what_has_no_area_or_is_no_number_is_refused(text: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        parse_region(text)
