"""Where a slide counts as reviewed."""

import numpy as np
import pytest
import shapely

from patherea_core.errors import AnnotationError, InputError
from plugin.review.areas import changed_areas, drawn_areas, looked_areas
from plugin.review.changes import Changes, compare
from plugin.review.state import State
from tests.builders import detections, square

LOOKED = shapely.box(0, 0, 1000, 1000)


def changes(*after: tuple[float, float, int]) -> Changes:
    before = State(("a", "b"), detections((50, 50, 0), (950, 950, 0)))
    rows = after or ((50, 50, 0), (950, 950, 0))
    return compare(before, State(("a", "b", "c")[: len(rows)], detections(*rows)), 2, 8.0)


def test_drawn_regions_are_kept_and_nothing_is_assumed() -> None:
    areas = drawn_areas([square(0, 500, 100), square(300, 0, 100)], LOOKED)
    assert areas.basis == "drawn"
    assert areas.notes == ()
    assert [outline.bounds for outline in areas.outlines] == [
        (300, 0, 400, 100),
        (0, 500, 100, 600),
    ]


def test_regions_that_overlap_are_one_so_that_no_cell_counts_twice() -> None:
    areas = drawn_areas([square(0, 0, 100), square(50, 0, 100)], LOOKED)
    assert len(areas.outlines) == 1
    assert areas.area == pytest.approx(15_000)


def test_a_region_is_cut_to_where_the_model_looked_and_that_is_said() -> None:
    areas = drawn_areas([square(900, 0, 200)], LOOKED)
    assert areas.area == pytest.approx(20_000)
    assert "50 %" in areas.notes[0]
    with pytest.raises(InputError, match="none of the reviewed regions"):
        drawn_areas([square(2000, 0, 10)], LOOKED)


def test_without_regions_everything_is_assumed_and_that_is_said() -> None:
    areas = looked_areas(LOOKED)
    assert areas.area == pytest.approx(1e6)
    assert "is assumed" in areas.notes[0]


def test_only_the_surroundings_of_changes_can_be_assumed() -> None:
    areas = changed_areas(changes((50, 50, 1), (950, 950, 0)), LOOKED, 100.0)
    assert [outline.bounds for outline in areas.outlines] == [(0, 0, 100, 100)]
    assert areas.owners(np.array([[50.0, 50.0], [950.0, 950.0]])).tolist() == [0, -1]


def test_neighbouring_squares_are_one_and_stay_where_the_model_looked() -> None:
    areas = changed_areas(
        changes((50, 50, 1), (950, 950, 1), (150, 50, 0)), shapely.box(0, 0, 980, 1000), 100.0
    )
    assert [outline.bounds for outline in areas.outlines] == [
        (0, 0, 200, 100),
        (900, 900, 980, 1000),
    ]


def test_where_nothing_was_changed_nothing_can_be_assumed_from_changes() -> None:
    with pytest.raises(AnnotationError, match="changed nothing"):
        changed_areas(changes(), LOOKED, 100.0)


def test_a_point_on_the_edge_of_two_areas_belongs_to_the_first() -> None:
    areas = drawn_areas([square(0, 0, 100), square(0, 200, 100)], LOOKED)
    assert areas.owners(np.array([[0.0, 100.0], [50.0, 200.0], [50.0, 150.0]])).tolist() == [
        0,
        1,
        -1,
    ]
