"""Exchanging on short lists: what it calls settled is the cheapest of all, and it settles what it can."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.geometry import Floats
from patherea_core.objective import exchanges, ownership
from patherea_core.objective.candidates import Candidates, on_grid, shortlist
from patherea_core.objective.exchanges import exchange
from tests.core.objective.costs import KINDS, hard, of_cells
from tests.core.objective.literal import cheapest_pairs, total_cost


def candidates(costs: list[Floats], claims: list[int], places: int) -> Candidates:
    """Return shortlists of several tiles of one width."""
    columns, listed, bounds, before = [], [], [], 0
    for cost in costs:
        column, cheap = shortlist(on_grid(cost), min(places, cost.shape[1]))
        columns.append(column + before)
        listed.append(cheap)
        bounds.append(cheap[:, -1] if places < cost.shape[1] else np.full(len(cost), np.inf))
        before += cost.shape[1]
    counts = [len(cost) for cost in costs]
    return Candidates(
        np.concatenate(columns),
        np.concatenate(listed),
        np.repeat(claims, counts),
        np.repeat(np.arange(len(costs)), counts),
        np.concatenate(bounds),
    )


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 8),
    st.integers(1, 3),
    st.integers(0, 8),
    st.integers(0, 2**32 - 1),
)
def test_what_is_settled_on_short_lists_is_the_cheapest_of_all(
    kind: str, rows: int, claims: int, spare: int, seed: int
) -> None:
    cost = on_grid(hard(np.random.default_rng(seed), kind, rows, 40))
    given_ = candidates([cost], [claims], claims + spare)
    owned, settled = exchange(given_)
    if settled.all():
        row, place = np.nonzero(owned)
        pairs = (given_.proposal[row, place], row)
        assert (np.bincount(row, minlength=rows) == claims).all()
        assert len(set(pairs[0].tolist())) == len(row)
        assert total_cost(cost, pairs) == total_cost(cost, cheapest_pairs(cost, claims))


@pytest.mark.parametrize("kind", KINDS)
def test_whole_lists_are_always_settled(kind: str) -> None:
    for seed in range(20):
        cost = hard(np.random.default_rng(seed), kind, 6, 18)
        assert exchange(candidates([cost], [3], 18)).settled.all()


def test_most_tiles_of_cells_are_settled_on_short_lists() -> None:
    costs = [of_cells(np.random.default_rng(seed), 12, learnt=bool(seed % 2)) for seed in range(20)]
    settled = exchange(candidates(costs, [2] * 20, 24)).settled
    assert np.count_nonzero(settled) >= 19


def test_a_list_that_hides_what_is_cheaper_is_not_settled() -> None:
    # Both want the first two proposals; the second target's third is dear, but not on its list.
    cost = np.array([[0.0, 1.0, 9.0, 9.0], [0.0, 1.0, 1.5, 9.0]])
    assert not exchange(candidates([cost], [1], 1)).settled.any()
    owned, settled = exchange(candidates([cost], [1], 3))
    assert settled.all()
    assert np.count_nonzero(owned) == 2


def test_tiles_are_settled_as_if_alone() -> None:
    costs = [of_cells(np.random.default_rng(seed), 10 + seed, spread=40) for seed in range(4)]
    claims = [1, 3, 6, 2]
    together = exchange(candidates(costs, claims, 40))
    start = 0
    for tile, cost in enumerate(costs):
        alone = exchange(candidates([cost], claims[tile : tile + 1], 40))
        assert alone.settled[0] == together.settled[tile]
        rows = slice(start, start + len(cost))
        if alone.settled[0]:
            assert (alone.owned == together.owned[rows]).all()
        start += len(cost)


def test_chains_pass_through_several_targets() -> None:
    # The first five own what they want; the last wants the first one's, so that all move on by one.
    cost = np.full((6, 7), 50.0)
    for step in range(5):
        cost[step, step : step + 2] = 0.0, 1.0
    cost[5, 0] = 0.0
    given_ = candidates([cost], [1], 7)
    owned, settled = exchange(given_)
    row, place = np.nonzero(owned)
    assert settled.all()
    assert given_.proposal[row, place].tolist() == [1, 2, 3, 4, 5, 0]


def test_lists_are_looked_at_further_only_where_that_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ownership, "_PLACES_PER_CLAIM", 1)
    monkeypatch.setattr(ownership, "_SPARE_PLACES", 1)
    for seed in range(20):
        cost = of_cells(np.random.default_rng(seed), 15, spread=30, learnt=bool(seed % 2))
        given_ = candidates([cost], [2], 200)
        owned, settled = exchange(given_)
        row, place = np.nonzero(owned)
        assert settled.all()
        pairs = (given_.proposal[row, place], row)
        assert total_cost(on_grid(cost), pairs) == total_cost(
            on_grid(cost), cheapest_pairs(on_grid(cost), 2)
        )


def test_a_tile_that_needs_too_many_rounds_is_left_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchanges, "_MOST_ROUNDS", 1)
    costs = [np.zeros((3, 9)), np.eye(3, 9) - 1.0]
    assert exchange(candidates(costs, [1, 1], 9)).settled.tolist() == [False, False]
    assert exchange(candidates([1 - np.eye(3, 9)], [1], 9)).settled.tolist() == [True]


def test_nothing_to_assign_is_settled() -> None:
    owned, settled = exchange(candidates([np.zeros((0, 5))], [2], 5))
    assert owned.shape == (0, 5)
    assert settled.size == 0
