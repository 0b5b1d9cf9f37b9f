"""The surest choose first, and every prefix has as many hits as a maximum pairing of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from patherea_core.evaluation import surest_first
from patherea_core.evaluation.surest_first import surest_hits
from patherea_core.geometry import Ints

allowed = st.lists(st.tuples(st.integers(0, 11), st.integers(0, 7)), max_size=40, unique=True).map(
    lambda rows: np.array(rows, dtype=np.int64).reshape(-1, 2)
)


def most_pairs(links: Ints, first: int) -> int:
    """Count the pairs of a maximum pairing of the first detections, from scratch."""
    early = links[links[:, 0] < first]
    graph = csr_array((np.ones(len(early)), (early[:, 0], early[:, 1])), shape=(12, 8))
    return int(np.count_nonzero(maximum_bipartite_matching(graph) >= 0))


@settings(deadline=None, max_examples=200)
@given(allowed)
def test_the_first_detections_have_as_many_hits_as_a_maximum_pairing_of_them(links: Ints) -> None:
    hits = np.cumsum(surest_hits(links[:, 0], links[:, 1], 12))
    assert hits.tolist() == [most_pairs(links, first) for first in range(1, 13)]


@settings(deadline=None)
@given(allowed, st.integers(0, 2**32))
def test_the_order_of_links_and_the_numbers_of_points_change_no_hit(links: Ints, seed: int) -> None:
    random = np.random.default_rng(seed)
    renamed = random.permutation(8)[links[:, 1]]
    order = random.permutation(len(links))
    shuffled = surest_hits(links[order, 0], renamed[order], 12)
    assert shuffled.tolist() == surest_hits(links[:, 0], links[:, 1], 12).tolist()


def test_a_surer_detection_is_never_given_up_for_two_others() -> None:
    # Detection 0 can take either point, 1 only the first: 0 makes room, and 2 comes too late.
    links = np.array([(0, 0), (0, 1), (1, 0), (2, 1)])
    assert surest_hits(links[:, 0], links[:, 1], 3).tolist() == [True, True, False]


def test_detections_near_no_point_are_no_hits() -> None:
    nobody = np.empty(0, dtype=np.int64)
    assert surest_hits(nobody, nobody, 3).tolist() == [False] * 3


def chain(count: int) -> Ints:
    """Return links of detections that each lie between two points of a row."""
    rows = np.arange(count)
    return np.concatenate([np.column_stack([rows, rows]), np.column_stack([rows, rows + 1])])


@pytest.mark.parametrize("order", ["along", "against", "anyhow"])
def test_a_chain_of_a_hundred_thousand_cells_is_no_problem(order: str) -> None:
    count = 100_000
    links = chain(count)
    ranks = {
        "along": np.arange(count),
        "against": np.arange(count)[::-1],
        "anyhow": np.random.default_rng(0).permutation(count),
    }[order]
    assert surest_hits(ranks[links[:, 0]], links[:, 1], count).all()


def test_a_crowd_around_one_cell_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    visited: list[int] = []

    class Counted(surest_first._Search):
        def _choices(self, rank: int) -> list[int]:
            visited.append(rank)
            return super()._choices(rank)

    monkeypatch.setattr(surest_first, "_Search", Counted)
    links = chain(1_000)
    links = links[links[:, 1] < 1_000]
    late = np.column_stack([np.arange(1_000, 5_000), np.zeros(4_000, dtype=np.int64)])
    links = np.concatenate([links, late])
    hit = surest_hits(links[:, 0], links[:, 1], 5_000)
    assert hit[:1_000].all()
    assert not hit[1_000:].any()
    # Were nothing closed, each of the late ones would walk along the whole chain.
    assert len(visited) < 3 * len(links)
