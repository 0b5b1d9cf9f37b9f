"""The number of pairs is the largest possible, whatever way one counts it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation import pairing
from patherea_core.evaluation.pairing import Pairs, candidates, pair
from patherea_core.geometry import Bools, Floats, as_xy

# A small lattice makes many ties, duplicates and distances of exactly the radius.
lattice = st.tuples(st.integers(0, 8), st.integers(0, 8))
anywhere = st.tuples(st.floats(0, 20), st.floats(0, 20))
clouds = st.one_of(st.lists(lattice, max_size=14), st.lists(anywhere, max_size=14)).map(as_xy)
RADII = (0.5, 1.0, math.sqrt(2), 2.0, 2.5, 5.0, 30.0)
radii = st.sampled_from(RADII)


@st.composite
def clouds_with_radii(draw: st.DrawFn) -> tuple[Floats, Floats, Floats]:
    """Return detections, points, and the accepted distance of each point."""
    point_xy = draw(clouds)
    own = draw(st.lists(radii, min_size=len(point_xy), max_size=len(point_xy)))
    return draw(clouds), point_xy, np.array(own, dtype=np.float64)


def distances(detection_xy: Floats, point_xy: Floats) -> Floats:
    apart = detection_xy[:, np.newaxis] - point_xy[np.newaxis]
    matrix: Floats = np.hypot(apart[..., 0], apart[..., 1])
    return matrix


def near(detection_xy: Floats, point_xy: Floats, radius: float | Floats) -> Bools:
    mask: Bools = distances(detection_xy, point_xy) <= radius
    return mask


def total(pairs: Pairs, detection_xy: Floats, point_xy: Floats) -> float:
    matrix = distances(detection_xy, point_xy)
    return float(matrix[pairs.detection_rows, pairs.point_rows].sum())


def best_of_all(matrix: Floats, allowed: Bools) -> tuple[int, float]:
    """Try every set of pairs: the most pairs, and the least sum of distances among the sets of so many."""
    if not len(matrix):
        return 0, 0.0
    most, least = best_of_all(matrix[1:], allowed[1:])
    for column in np.flatnonzero(allowed[0]):
        rest = np.arange(matrix.shape[1]) != column
        pairs, sum_of_rest = best_of_all(matrix[1:, rest], allowed[1:, rest])
        pairs, distance = pairs + 1, sum_of_rest + float(matrix[0, column])
        if (-pairs, distance) < (-most, least):
            most, least = pairs, distance
    return most, least


def closest_by_penalty(matrix: Floats, allowed: Bools) -> tuple[int, float]:
    """The dense Hungarian algorithm where a forbidden pair costs more than all allowed ones together."""
    costs = np.where(allowed, matrix, 1e6)
    rows, columns = linear_sum_assignment(costs)
    kept = allowed[rows, columns]
    return int(np.count_nonzero(kept)), float(costs[rows, columns][kept].sum())


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


def few(random: np.random.Generator) -> Floats:
    """Return up to four positions, half of the time on a lattice with ties and duplicates."""
    xy = random.uniform(0, 5, size=(random.integers(5), 2))
    return np.rint(xy) if random.integers(2) else xy


def test_pairs_are_the_best_of_all_sets_in_thousands_of_small_cases() -> None:
    random = np.random.default_rng(0)
    for _ in range(1000):
        detection_xy, point_xy = few(random), few(random)
        for radius in (random.choice(RADII), random.choice(RADII, size=len(point_xy))):
            matrix, allowed = (
                distances(detection_xy, point_xy),
                near(detection_xy, point_xy, radius),
            )
            most, least = best_of_all(matrix, allowed)
            closest = pair(detection_xy, point_xy, radius, closest=True)
            assert len(pair(detection_xy, point_xy, radius)) == len(closest) == most
            assert total(closest, detection_xy, point_xy) == pytest.approx(least, abs=1e-9)


@settings(deadline=None, max_examples=200)
@given(clouds_with_radii())
def test_closest_pairs_are_those_of_the_hungarian_algorithm_with_penalties(
    drawn: tuple[Floats, Floats, Floats],
) -> None:
    detection_xy, point_xy, radius = drawn
    matrix, allowed = distances(detection_xy, point_xy), near(detection_xy, point_xy, radius)
    most, least = closest_by_penalty(matrix, allowed)
    closest = pair(detection_xy, point_xy, radius, closest=True)
    assert len(closest) == most
    assert total(closest, detection_xy, point_xy) == pytest.approx(least, abs=1e-9)
    assert allowed[closest.detection_rows, closest.point_rows].all()
    assert len(set(closest.point_rows.tolist())) == len(closest)


@pytest.mark.parametrize("radius", [3.0, 6.0, 12.0])
def test_closest_pairs_of_a_crowd_are_those_of_the_hungarian_algorithm_with_penalties(
    radius: float,
) -> None:
    random = np.random.default_rng(0)
    point_xy = random.uniform(0, 100, size=(300, 2))
    detection_xy = np.concatenate(
        [point_xy[:250] + random.normal(0, 4, (250, 2)), random.uniform(0, 100, size=(80, 2))]
    )
    closest = pair(detection_xy, point_xy, radius, closest=True)
    most, least = closest_by_penalty(
        distances(detection_xy, point_xy), near(detection_xy, point_xy, radius)
    )
    assert len(closest) == most
    assert total(closest, detection_xy, point_xy) == pytest.approx(least)


@settings(deadline=None)
@given(clouds_with_radii(), st.integers(0, 2**32))
def test_the_sum_of_distances_of_closest_pairs_depends_on_no_order(
    drawn: tuple[Floats, Floats, Floats], seed: int
) -> None:
    detection_xy, point_xy, radius = drawn
    random = np.random.default_rng(seed)
    order, shuffled_xy = random.permutation(len(point_xy)), random.permutation(detection_xy)
    ordered = pair(detection_xy, point_xy, radius, closest=True)
    shuffled = pair(shuffled_xy, point_xy[order], radius[order], closest=True)
    assert len(shuffled) == len(ordered)
    assert total(shuffled, shuffled_xy, point_xy[order]) == pytest.approx(
        total(ordered, detection_xy, point_xy), abs=1e-9
    )


@settings(deadline=None)
@given(clouds_with_radii())
def test_candidates_are_all_within_the_radius_of_their_point(
    drawn: tuple[Floats, Floats, Floats],
) -> None:
    detection_xy, point_xy, radius = drawn
    found = candidates(detection_xy, point_xy, radius)
    allowed = near(detection_xy, point_xy, radius)
    rows = np.column_stack([found.detection_rows, found.point_rows])
    assert sorted(rows.tolist()) == np.argwhere(allowed).tolist()
    matrix = distances(detection_xy, point_xy)
    assert found.distances == pytest.approx(matrix[found.detection_rows, found.point_rows])


@settings(deadline=None)
@given(clouds, clouds, radii)
def test_equal_radii_of_all_points_are_one_common_radius(
    detection_xy: Floats, point_xy: Floats, radius: float
) -> None:
    own = np.full(len(point_xy), radius)
    assert len(pair(detection_xy, point_xy, own)) == len(pair(detection_xy, point_xy, radius))


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
    matrix = distances(detections, points)
    rows, columns = linear_sum_assignment(matrix)
    assert np.count_nonzero(matrix[rows, columns] <= 6) == 0


def test_taking_the_closest_first_would_lose_a_pair() -> None:
    # The middle detection is closest to the right point, but the right point's other one has no choice.
    points = as_xy([(0, 0), (4, 0)])
    detections = as_xy([(3, 0), (8, 0)])
    assert len(pair(detections, points, 4)) == 2


def test_several_detections_on_one_cell_make_one_pair() -> None:
    assert len(pair(as_xy([(0, 0)] * 5), as_xy([(0, 0)]), 6)) == 1


def test_of_several_detections_on_one_cell_the_closest_is_paired() -> None:
    pairs = pair(as_xy([(3, 0), (1, 0), (2, 0)]), as_xy([(0, 0)]), 6, closest=True)
    assert pairs.detection_rows.tolist() == [1]


def test_the_closest_pair_gives_way_where_that_makes_two() -> None:
    pairs = pair(as_xy([(3, 0), (8, 0)]), as_xy([(0, 0), (4, 0)]), 4, closest=True)
    assert pairs.point_rows.tolist() == [0, 1]


def chain(count: int, *, spare: int) -> tuple[Floats, Floats]:
    """Return points 2 apart in a row and detections halfway between, in random order."""
    random = np.random.default_rng(0)
    points = np.column_stack([np.arange(count) * 2.0, np.zeros(count)])
    between = np.column_stack([np.arange(count + spare) * 2.0 - 1.0, np.zeros(count + spare)])
    return random.permutation(between), random.permutation(points)


def test_a_chain_of_a_hundred_thousand_cells_is_no_problem() -> None:
    # Without a spare detection there is but one largest set, and it takes paths through all cells.
    detection_xy, point_xy = chain(100_000, spare=0)
    assert len(pair(detection_xy, point_xy, 1.0, closest=True)) == 100_000


def test_a_long_chain_with_a_spare_detection_is_no_problem_for_closest_pairs() -> None:
    detection_xy, point_xy = chain(10_000, spare=1)
    assert len(pair(detection_xy, point_xy, 1.0, closest=True)) == 10_000


@pytest.mark.slow
def test_a_chain_of_a_hundred_thousand_cells_with_a_spare_one_is_no_problem() -> None:
    detection_xy, point_xy = chain(100_000, spare=1)
    assert len(pair(detection_xy, point_xy, 1.0, closest=True)) == 100_000


@pytest.mark.parametrize("own", [[6.0], [6.0] * 3, [[6.0, 6.0]]])
def test_radii_of_other_points_are_refused(own: list[float]) -> None:
    with pytest.raises(ShapeError, match=r"one radius, or \(2,\) radii like the points"):
        pair(as_xy([(0, 0)]), as_xy([(0, 0), (1, 1)]), np.array(own))


@pytest.mark.parametrize("radius", [0.0, -1.0, math.nan, math.inf])
def test_a_radius_that_is_no_positive_number_is_refused(radius: float) -> None:
    for one_or_own in (radius, np.array([1.0, radius])):
        with pytest.raises(InputError, match="radius must be a positive number"):
            pair(as_xy([(0, 0)]), as_xy([(0, 0), (1, 1)]), one_or_own)


def test_a_crowd_that_would_fill_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "_MOST_CANDIDATES", 99)
    crowd = as_xy([(1, 1)] * 10)
    with pytest.raises(InputError, match="100 pairs of 10 detections and 10 points"):
        pair(crowd, crowd, 6)
    assert len(pair(crowd, crowd + 10.0, 6)) == 0
