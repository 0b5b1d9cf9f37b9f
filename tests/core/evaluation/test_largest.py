"""The matching is as large as other algorithms make it, and crowds are no problem."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from patherea_core.evaluation.largest import largest_matching
from patherea_core.evaluation.pairing import pair
from patherea_core.geometry import Bools

shapes = st.tuples(st.integers(0, 30), st.integers(0, 30))


def random_links(shape: tuple[int, int], share: float, seed: int) -> Bools:
    links: Bools = np.random.default_rng(seed).random(shape) < share
    return links


@settings(deadline=None, max_examples=300)
@given(shapes, st.sampled_from([0.03, 0.1, 0.3, 1.0]), st.integers(0, 2**32))
def test_the_matching_is_as_large_as_that_of_hopcroft_and_karp(
    shape: tuple[int, int], share: float, seed: int
) -> None:
    links = random_links(shape, share, seed)
    rows, columns = np.argwhere(links).T
    hit = largest_matching(rows, columns, *shape)
    paired = np.flatnonzero(hit >= 0)
    assert hit.shape == (shape[0],)
    assert links[paired, hit[paired]].all()
    assert len(set(hit[paired].tolist())) == len(paired)
    expected = maximum_bipartite_matching(csr_array(links), perm_type="column")
    assert len(paired) == np.count_nonzero(expected >= 0)


def test_paths_through_what_was_taken_first_are_found() -> None:
    # Whichever detection the middle point takes first, the other one has its own to move to.
    rows, columns = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 2, 1])
    for order in (slice(None), slice(None, None, -1)):
        assert sorted(largest_matching(rows[order], columns[order], 3, 3).tolist()) == [0, 1, 2]


@pytest.mark.parametrize("closest", [False, True])
def test_a_crowd_with_dozens_of_candidates_each_is_no_problem(*, closest: bool) -> None:
    random = np.random.default_rng(0)
    count = 10_000 if not closest else 2_000
    side = np.sqrt(count) * 25.0
    points = random.uniform(0, side, size=(count, 2))
    detections = points + random.normal(0, 3, size=points.shape)
    detections[: count // 10] = random.uniform(0, side, size=(count // 10, 2))
    assert len(pair(random.permutation(detections), points, 60.0, closest=closest)) == count
