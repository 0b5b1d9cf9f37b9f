"""The closest matching is the same from whichever largest matching one starts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.evaluation import closest as closest_module
from patherea_core.evaluation.closest import closest_matching
from patherea_core.evaluation.pairing import candidates, pair
from patherea_core.geometry import Floats, Ints, as_xy

clouds = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=14).map(as_xy)


def some_largest(detection_xy: Floats, point_xy: Floats, seed: int) -> Ints:
    """Return the (D,) point of each detection in a largest matching that depends on the seed."""
    order = np.random.default_rng(seed).permutation(len(detection_xy))
    pairs = pair(detection_xy[order], point_xy, 2.0)
    hit = np.full(len(detection_xy), -1)
    hit[order[pairs.detection_rows]] = pairs.point_rows
    return hit


@settings(deadline=None)
@given(clouds, clouds, st.integers(0, 2**32))
def test_the_start_does_not_matter(detection_xy: Floats, point_xy: Floats, seed: int) -> None:
    near = candidates(detection_xy, point_xy, 2.0)
    sums = []
    for hit in (some_largest(detection_xy, point_xy, one) for one in (seed, seed + 1)):
        closest = closest_matching(near.detection_rows, near.point_rows, near.distances, hit)
        found = np.flatnonzero(closest >= 0)
        assert len(found) == np.count_nonzero(hit >= 0)
        apart = detection_xy[found] - point_xy[closest[found]]
        sums.append(np.hypot(apart[:, 0], apart[:, 1]).sum())
    assert sums[0] == pytest.approx(sums[1], abs=1e-9)


def test_the_start_is_left_as_it_was() -> None:
    hit = np.array([0, -1])
    closest = closest_matching(np.array([0, 1]), np.array([0, 0]), np.array([2.0, 1.0]), hit)
    assert closest.tolist() == [-1, 0]
    assert hit.tolist() == [0, -1]


def test_without_candidates_nobody_is_paired() -> None:
    none = np.empty(0, dtype=np.int64)
    assert closest_matching(none, none, np.empty(0), np.array([-1, -1])).tolist() == [-1, -1]


@settings(deadline=None, max_examples=50)
@given(clouds, clouds, st.sampled_from([1.0, 2.0, 5.0, 30.0]))
def test_a_crowd_is_paired_as_closely_by_the_dense_algorithm(
    detection_xy: Floats, point_xy: Floats, radius: float
) -> None:
    sums = []
    for crowd in (0, 100_000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(closest_module, "_CROWD", crowd)
            pairs = pair(detection_xy, point_xy, radius, closest=True)
        apart = detection_xy[pairs.detection_rows] - point_xy[pairs.point_rows]
        sums.append((len(pairs), np.hypot(apart[:, 0], apart[:, 1]).sum()))
    assert sums[0] == pytest.approx(sums[1], abs=1e-9)
