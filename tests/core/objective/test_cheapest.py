"""The cheapest assignment of a whole cost matrix costs what the dense method's does."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.geometry import Floats
from patherea_core.objective import cheapest as module
from patherea_core.objective.candidates import GRID, LARGEST_COST, on_grid
from patherea_core.objective.cheapest import cheapest, dense
from tests.core.objective.costs import KINDS, hard, of_cells
from tests.core.objective.literal import cheapest_pairs, total_cost


def require_cheapest(cost: Floats, claims: int) -> None:
    """Fail unless the assignment is valid and, on the grid, costs exactly what the dense one does."""
    proposals, targets = cheapest(cost, claims)
    rows, columns = cost.shape
    assert len(proposals) == len(set(proposals.tolist())) == min(columns, rows * claims)
    served = np.bincount(targets, minlength=rows)
    assert (served <= claims).all()
    if rows * claims <= columns:
        assert (served == claims).all()
    held = on_grid(cost)
    assert total_cost(held, (proposals, targets)) == total_cost(held, cheapest_pairs(held, claims))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 9),
    st.integers(1, 40),
    st.integers(1, 6),
    st.integers(0, 2**32 - 1),
)
def test_any_cost_is_assigned_as_cheaply_as_by_the_dense_method(
    kind: str, rows: int, columns: int, claims: int, seed: int
) -> None:
    require_cheapest(hard(np.random.default_rng(seed), kind, rows, columns), claims)


@pytest.mark.parametrize("learnt", [False, True])
@pytest.mark.parametrize(("cells", "claims", "spread"), [(60, 1, 96), (60, 6, 96), (25, 6, 30)])
def test_cells_at_random_and_in_a_heap_are_assigned_as_cheaply(
    cells: int, claims: int, spread: float, learnt: bool
) -> None:
    for seed in range(3):
        random = np.random.default_rng(seed)
        require_cheapest(of_cells(random, cells, spread=spread, learnt=learnt), claims)


@pytest.mark.parametrize(("cells", "claims"), [(96, 6), (200, 6), (700, 1)])
def test_more_claims_than_proposals_serve_every_proposal(cells: int, claims: int) -> None:
    require_cheapest(of_cells(np.random.default_rng(0), cells), claims)


def test_a_thousand_targets_are_assigned_as_cheaply() -> None:
    random = np.random.default_rng(0)
    cost = random.uniform(0, 1, (1000, 3136)).astype(np.float32).astype(np.float64)
    require_cheapest(cost, 1)


def test_one_to_one_is_as_cheap_as_the_cheapest_of_all_choices() -> None:
    cost = np.random.default_rng(1).random((3, 5))
    best = min(cost[range(3), choice].sum() for choice in itertools.permutations(range(5), 3))
    assert total_cost(cost, cheapest(cost, 1)) == pytest.approx(best, abs=1e-9)


def test_lists_that_are_too_short_give_way_to_the_dense_method(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called = []

    def noted(cost: Floats, claims: int) -> object:
        called.append(claims)
        return dense(cost, claims)

    monkeypatch.setattr(module, "dense", noted)
    # All want the same hundred proposals, which no list of 88 holds.
    cost = np.concatenate([np.linspace(0, 1, 40), np.full(300, 2.0)]) + np.zeros((90, 1))
    require_cheapest(cost, 1)
    assert called == [1]


def test_costs_are_held_to_a_grid_on_which_sums_are_exact() -> None:
    cost = np.array([[0.3, -0.7, 1e-13, 1e30, np.inf]])
    held = on_grid(cost)
    assert (held[:, :4] / GRID % 1 == 0).all()
    assert held[0, :2] == pytest.approx(cost[0, :2], abs=GRID)
    assert held[0, 2:].tolist() == [0, LARGEST_COST, np.inf]


@settings(max_examples=50, deadline=None)
@given(st.floats(2.0**-13, 2.0**16, width=32))
def test_a_float_of_32_bits_is_on_the_grid_already(cost: float) -> None:
    assert on_grid(np.array([cost]))[0] == cost
