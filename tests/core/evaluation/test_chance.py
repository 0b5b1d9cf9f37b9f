"""Random detections are uniform over the labelled area, and score what geometry says."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.evaluation import chance
from patherea_core.evaluation.chance import chance_f1, uniform_xy
from patherea_core.evaluation.field import Field
from patherea_core.points import Detections, Points
from patherea_core.regions import inside
from patherea_core.seeding import Seed
from tests.builders import detections, points, ring, scattered, square


def some_field(count: int = 30, *, side: float = 200.0) -> Field:
    area = square(0, 0, side)
    labelled = scattered(area, count)
    found = scattered(area, count, seed=1)
    return Field("a", Detections(found.xy, found.class_index, np.ones(count)), labelled, area)


def test_the_same_seed_gives_the_same_chance() -> None:
    fields = [some_field()]
    assert chance_f1(fields, 2, 6, Seed(3)) == chance_f1(fields, 2, 6, Seed(3))
    assert chance_f1(fields, 2, 6, Seed(3)) != chance_f1(fields, 2, 6, Seed(4))


def test_chance_does_not_depend_on_where_the_detections_are() -> None:
    field = some_field()
    moved = Field(
        "a", field.detections.moved_to(field.detections.xy[::-1]), field.points, field.area
    )
    assert chance_f1([field], 2, 6, Seed(0)) == chance_f1([moved], 2, 6, Seed(0))


def test_chance_of_one_detection_is_the_share_of_the_area_within_the_radius() -> None:
    field = Field("a", detections((1, 1, 0)), points((50, 50, 0)), square(0, 0, 100))
    level = chance_f1([field], 1, 25, Seed(0), draws=900)
    expected = math.pi * 25**2 / 100**2
    assert level.any_class == pytest.approx(expected, abs=4 * math.sqrt(expected / 900))
    assert level.per_class[0] == level.mean == level.any_class


def test_chance_never_lands_in_a_hole() -> None:
    field = Field("a", detections((1, 1, 0)), points((50, 50, 0)), ring(0, 0, 100, 90))
    assert chance_f1([field], 1, 40, Seed(0)).any_class == 0


def test_denser_fields_have_more_chance() -> None:
    sparse, dense = (chance_f1([some_field(n)], 2, 16, Seed(0)).any_class for n in (10, 100))
    assert sparse is not None
    assert dense is not None
    assert dense > sparse + 0.2


def test_without_an_area_chance_is_taken_in_the_box_around_all_points() -> None:
    field = Field("a", detections((10, 10, 0)), points((90, 90, 0)))
    level = chance_f1([field], 1, 10, Seed(0), draws=900)
    expected = math.pi * 10**2 / 100**2
    assert level.any_class == pytest.approx(expected, abs=4 * math.sqrt(expected / 900))


def test_chance_takes_the_radius_of_each_point() -> None:
    own = np.array([25.0])
    field = Field("a", detections((1, 1, 0)), points((50, 50, 0)), square(0, 0, 100))
    scaled = Field("a", field.detections, field.points, field.area, radius=own)
    assert chance_f1([scaled], 1, 6, Seed(0)) == chance_f1([field], 1, 25, Seed(0))
    assert chance_f1([scaled], 1, 6, Seed(0)) != chance_f1([field], 1, 6, Seed(0))


def test_without_an_area_the_box_is_wider_by_the_widest_radius() -> None:
    own = np.array([10.0, 2.0])
    field = Field("a", detections((1, 1, 0)), points((50, 50, 0), (0, 0, 0)))
    scaled = Field("a", field.detections, field.points, radius=own)
    common = chance_f1([field], 1, 10, Seed(0), draws=200).any_class
    differing = chance_f1([scaled], 1, 10, Seed(0), draws=200).any_class
    assert common is not None
    assert differing is not None
    # The same box, so the same random places, of which fewer are close enough to the second point.
    assert 0 < differing < common


def test_a_field_without_points_is_filled_by_chance_too() -> None:
    field = Field("a", detections((1, 1, 0), (5, 5, 0)), Points.none(), radius=np.empty(0))
    assert chance_f1([field], 1, 6, Seed(0)).any_class == 0


def test_a_class_that_does_not_occur_has_no_chance_level() -> None:
    field = Field("a", detections((1, 1, 0)), points((5, 5, 0)), square(0, 0, 10))
    assert chance_f1([field], 2, 6, Seed(0)).per_class[1] is None


def test_without_cells_chance_is_undefined() -> None:
    nothing = Field("a", Detections.none(), Points.none())
    level = chance_f1([nothing], 1, 6, Seed(0))
    assert (level.per_class, level.any_class, level.mean) == ((None,), None, None)


def test_without_detections_chance_is_zero() -> None:
    missed = Field("a", Detections.none(), points((5, 5, 0)), square(0, 0, 10))
    assert chance_f1([missed], 1, 6, Seed(0)).mean == 0.0


def test_counts_are_summed_over_fields_before_scores_are_taken() -> None:
    crowded = Field("a", detections((5, 5, 0)), points((5, 5, 0)), square(0, 0, 1))
    empty = Field("b", detections((0, 0, 0)), points((500, 500, 0)), square(0, 0, 1))
    assert chance_f1([crowded, empty], 1, 10, Seed(0)).any_class == pytest.approx(0.5)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 200), st.integers(0, 2**31))
def test_random_positions_lie_inside_and_are_as_many_as_wanted(count: int, seed: int) -> None:
    area = shapely.union_all([ring(0, 0, 50, 20), square(1000, 1000, 5)])
    xy = uniform_xy(area, count, np.random.default_rng(seed))
    assert xy.shape == (count, 2)
    assert inside(area, xy).all()


def test_random_positions_are_uniform_over_parts_of_different_size() -> None:
    area = shapely.union_all([square(0, 0, 30), square(100, 0, 10)])
    xy = uniform_xy(area, 10_000, np.random.default_rng(0))
    assert np.mean(xy[:, 0] > 50) == pytest.approx(0.1, abs=0.012)
    large = xy[xy[:, 0] < 50]
    quadrants = np.histogram2d(large[:, 0], large[:, 1], bins=2)[0] / len(large)
    assert quadrants == pytest.approx(np.full((2, 2), 0.25), abs=0.02)
    # Which part comes first says nothing about a position, so classes are spread evenly.
    assert np.mean(xy[:1000, 0] > 50) == pytest.approx(0.1, abs=0.04)


def test_a_thin_outline_is_filled_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chance, "_MOST_AT_ONCE", 64)
    thin = shapely.LineString([(0, 0), (100, 100)]).buffer(0.5)
    xy = uniform_xy(thin, 100, np.random.default_rng(0))
    assert inside(thin, xy).all()
    assert len(xy) == 100
