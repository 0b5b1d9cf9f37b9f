"""The number of pairs is the largest possible, whatever way one counts it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from patherea_core.errors import InputError
from patherea_core.evaluation.pairing import pair
from patherea_core.geometry import Bools, Floats, as_xy

# A small lattice makes many ties, duplicates and distances of exactly the radius.
lattice = st.tuples(st.integers(0, 8), st.integers(0, 8))
anywhere = st.tuples(st.floats(0, 20), st.floats(0, 20))
clouds = st.one_of(st.lists(lattice, max_size=14), st.lists(anywhere, max_size=14)).map(as_xy)
radii = st.sampled_from([0.5, 1.0, math.sqrt(2), 2.0, 2.5, 5.0, 30.0])


def near(detection_xy: Floats, point_xy: Floats, radius: float) -> Bools:
    apart = detection_xy[:, np.newaxis] - point_xy[np.newaxis]
    mask: Bools = np.hypot(apart[..., 0], apart[..., 1]) <= radius
    return mask


def augmenting_paths(allowed: Bools) -> int:
    """Kuhn's algorithm, slow and plain: the size of a maximum matching of a Boolean matrix."""
    owner: dict[int, int] = {}

    def placed(row: int, tried: set[int]) -> bool:
        for column in np.flatnonzero(allowed[row]).tolist():
            if column not in tried:
                tried.add(column)
                if column not in owner or placed(owner[column], tried):
                    owner[column] = row
                    return True
        return False

    return sum(placed(row, set()) for row in range(len(allowed)))


@settings(deadline=None, max_examples=300)
@given(clouds, clouds, radii)
def test_as_many_pairs_as_augmenting_paths_find(
    detection_xy: Floats, point_xy: Floats, radius: float
) -> None:
    expected = augmenting_paths(near(detection_xy, point_xy, radius))
    assert len(pair(detection_xy, point_xy, radius)) == expected


@settings(deadline=None, max_examples=300)
@given(clouds, clouds, radii)
def test_as_many_pairs_as_the_hungarian_algorithm_on_the_boolean_matrix(
    detection_xy: Floats, point_xy: Floats, radius: float
) -> None:
    allowed = near(detection_xy, point_xy, radius)
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    assert len(pair(detection_xy, point_xy, radius)) == np.count_nonzero(allowed[rows, columns])


@settings(deadline=None)
@given(clouds, clouds, radii)
def test_pairs_are_one_to_one_and_within_the_radius(
    detection_xy: Floats, point_xy: Floats, radius: float
) -> None:
    pairs = pair(detection_xy, point_xy, radius)
    assert len(set(pairs.detection_rows.tolist())) == len(pairs)
    assert len(set(pairs.point_rows.tolist())) == len(pairs)
    allowed = near(detection_xy, point_xy, radius)
    assert allowed[pairs.detection_rows, pairs.point_rows].all()


@settings(deadline=None)
@given(clouds, clouds, radii, st.integers(0, 2**32))
def test_the_number_of_pairs_depends_on_no_order(
    detection_xy: Floats, point_xy: Floats, radius: float, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    shuffled = pair(generator.permutation(detection_xy), generator.permutation(point_xy), radius)
    assert len(shuffled) == len(pair(detection_xy, point_xy, radius))


@settings(deadline=None)
@given(clouds, clouds, radii)
def test_exchanging_both_sides_keeps_the_number_of_pairs(
    detection_xy: Floats, point_xy: Floats, radius: float
) -> None:
    assert len(pair(detection_xy, point_xy, radius)) == len(pair(point_xy, detection_xy, radius))


@pytest.mark.parametrize(
    ("x", "y", "radius"), [(3, 4, 5), (0, 6, 6), (0.3, 0.4, 0.5), (3.6, 4.8, 6), (16e5, 0, 16e5)]
)
def test_a_distance_of_exactly_the_radius_is_a_hit(x: float, y: float, radius: float) -> None:
    assert len(pair(as_xy([(0, 0)]), as_xy([(x, y)]), radius)) == 1


def test_a_distance_of_exactly_the_radius_is_a_hit_however_squares_are_rounded() -> None:
    random = np.random.default_rng(0)
    for x, y in random.uniform(0.1, 9, size=(500, 2)):
        assert len(pair(as_xy([(0, 0)]), as_xy([(x, y)]), float(np.hypot(x, y)))) == 1


@pytest.mark.parametrize("radius", [1e-3, 6.0, 1e6])
def test_a_distance_of_a_hair_more_than_the_radius_is_a_miss(radius: float) -> None:
    beyond = float(np.nextafter(radius, np.inf))
    assert len(pair(as_xy([(0, 0)]), as_xy([(beyond, 0)]), radius)) == 0


def test_a_close_hit_is_not_stolen_to_shorten_the_total() -> None:
    """Paper, figure 3 right: the Hungarian algorithm on distances loses the hit of the first cell."""
    points = as_xy([(0, 0), (20, 0)])
    detections = as_xy([(5, 0), (-7, 0)])
    assert len(pair(detections, points, 6)) == 1
    distances = np.hypot(*(detections[:, np.newaxis] - points[np.newaxis]).transpose(2, 0, 1))
    rows, columns = linear_sum_assignment(distances)
    assert np.count_nonzero(distances[rows, columns] <= 6) == 0


def test_taking_the_closest_first_would_lose_a_pair() -> None:
    # The middle detection is closest to the right point, but the right point's other one has no choice.
    points = as_xy([(0, 0), (4, 0)])
    detections = as_xy([(3, 0), (8, 0)])
    assert len(pair(detections, points, 4)) == 2


def test_several_detections_on_one_cell_make_one_pair() -> None:
    assert len(pair(as_xy([(0, 0)] * 5), as_xy([(0, 0)]), 6)) == 1


def test_a_chain_of_thousands_of_cells_is_no_problem() -> None:
    count = 20_000
    points = np.column_stack([np.arange(count) * 2.0, np.zeros(count)])
    assert len(pair(points + np.array([1.0, 0.0]), points, 1.0)) == count


@pytest.mark.parametrize("radius", [0.0, -1.0, math.nan, math.inf])
def test_a_radius_that_is_no_positive_number_is_refused(radius: float) -> None:
    with pytest.raises(InputError, match="radius must be a positive number"):
        pair(as_xy([(0, 0)]), as_xy([(0, 0)]), radius)
