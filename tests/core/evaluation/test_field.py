"""Inside the outline or on it takes part, whatever tiles the detections came from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import ClassCounts, count_classes
from patherea_core.geometry import Floats, Ints
from patherea_core.points import Detections, Points
from tests.builders import detections, points, ring, scattered, square

#: A square of 100 with a hole from 40 to 60 in its middle: inside, on the outline, on the hole's edge.
TAKES_PART = [(1, 1), (39, 50), (0, 50), (100, 100), (50, 0), (40, 50), (60, 60), (50, 40)]
TAKES_NO_PART = [(-0.001, 50), (50, 100.001), (50, 50), (40.001, 59.999), (500, 500)]


@pytest.mark.parametrize(
    ("xy", "takes_part"), [(xy, True) for xy in TAKES_PART] + [(xy, False) for xy in TAKES_NO_PART]
)
def test_inside_or_on_the_outline_takes_part_and_all_else_does_not(
    xy: tuple[float, float], *, takes_part: bool
) -> None:
    field = Field("a", detections((*xy, 0)), points((*xy, 0)), ring(0, 0, 100, 20)).clipped()
    assert (len(field.detections), len(field.points)) == (takes_part, takes_part)


def test_a_detection_across_the_outline_is_no_hit_and_no_false_alarm() -> None:
    field = Field("a", detections((101, 50, 0)), points((99, 50, 0)), square(0, 0, 100)).clipped()
    counts = count_classes(field.detections, field.points, 1, 6).any_class
    assert (counts.true_positives, counts.false_positives, counts.false_negatives) == (0, 0, 1)


def test_clipping_keeps_the_patient_and_the_radius_of_each_point() -> None:
    labelled = points((5, 5, 0), (50, 5, 0), (7, 7, 1))
    radius = np.array([1.0, 2.0, 3.0])
    field = Field("a", Detections.none(), labelled, square(0, 0, 10), "somebody", radius).clipped()
    assert field.patient == "somebody"
    assert field.radius is not None
    assert field.radius.tolist() == [1.0, 3.0]
    assert field.points.class_index.tolist() == [0, 1]


def test_without_an_area_everything_takes_part() -> None:
    field = Field("a", detections((-5, 1e6, 0)), points((3, 3, 0)))
    assert field.clipped() is field


def test_points_own_radii_override_the_common_one() -> None:
    own = np.array([2.0])
    assert Field("a", Detections.none(), points((0, 0, 0))).accepted(6) == 6
    assert Field("a", Detections.none(), points((0, 0, 0)), radius=own).accepted(6) is own


@pytest.mark.parametrize("radius", [[], [1.0, 2.0], [[1.0]]])
def test_as_many_radii_as_points_are_needed(radius: list[float]) -> None:
    with pytest.raises(ShapeError, match="'a' has 1 points, so it needs as many radii"):
        Field("a", Detections.none(), points((0, 0, 0)), radius=np.array(radius))


@pytest.mark.parametrize("radius", [0.0, -1.0, np.nan, np.inf])
def test_a_radius_that_is_no_positive_number_is_refused(radius: float) -> None:
    with pytest.raises(InputError, match="every radius of field 'a' must be a positive number"):
        Field("a", Detections.none(), points((0, 0, 0)), radius=np.array([radius]))


def in_tiles(xy: Floats, tile_size: int) -> list[Ints]:
    """Return the rows of (N, 2) positions in each tile of a grid, tile by tile."""
    columns, rows = (xy // tile_size).astype(np.int64).T
    tile = columns * 1000 + rows
    return [np.flatnonzero(tile == one) for one in np.unique(tile)]


def counted(found: Detections, labelled: Points) -> ClassCounts:
    field = Field("a", found, labelled, ring(10, 10, 180, 60)).clipped()
    return count_classes(field.detections, field.points, 2, 6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31), st.sampled_from([7, 32, 64, 100, 256]))
def test_counts_do_not_depend_on_the_tiles_that_detections_come_from(
    seed: int, tile_size: int
) -> None:
    random = np.random.default_rng(seed)
    labelled = scattered(square(0, 0, 200), 150, seed=seed % 1000)
    # Whole pixels, so that some lie on seams, on the outline and on each other.
    found = Detections(
        np.rint(labelled.xy + random.normal(0, 4, labelled.xy.shape)).clip(0, 200),
        labelled.class_index,
        random.uniform(size=len(labelled)),
    )
    tiles = [found.take(rows) for rows in in_tiles(found.xy, tile_size)]
    shuffled = [tiles[row] for row in random.permutation(len(tiles))]
    assert counted(Detections.concatenate(shuffled), labelled) == counted(found, labelled)
