"""From shortlists to pairs: valid, and as cheap as by the dense method, whatever the costs."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.geometry import Floats, Ints
from patherea_core.objective.batch_assignment import Shortlists, solve
from patherea_core.objective.candidates import shortlist
from tests.core.objective.costs import KINDS, hard, of_cells
from tests.core.objective.literal import cheapest_pairs, total_cost

#: Rounding of both sums.
NOTHING = 1e-9


def solved(
    cost: Floats, claims: int, places: int, whole: list[int] | None = None
) -> tuple[Ints, Ints]:
    """Return the (proposals, targets) of one tile; what is asked about as a whole is noted."""
    asked = [] if whole is None else whole

    def whole_cost(branch: int, targets: slice) -> Floats:
        asked.append(branch)
        return cost[targets]

    column, listed = shortlist(cost.astype(np.float32), min(places, cost.shape[1]))
    lists = Shortlists(
        column[None],
        listed[None],
        np.array([claims]),
        np.array([len(cost)]),
        np.ones((1, cost.shape[1]), dtype=np.bool_),
    )
    (pairs,) = solve(lists, whole_cost)
    return pairs.proposal, pairs.target


def require_cheapest(cost: Floats, claims: int, places: int) -> None:
    """Fail unless the assignment is valid and costs what the dense one does."""
    proposals, targets = solved(cost, claims, places)
    rows, columns = cost.shape
    assert len(proposals) == len(set(proposals.tolist())) == min(columns, rows * claims)
    served = np.bincount(targets, minlength=rows)
    assert (served <= claims).all()
    assert (served == claims).all() or rows * claims > columns
    assert (np.diff(targets) >= 0).all()
    best = total_cost(cost, cheapest_pairs(cost, claims))
    assert total_cost(cost, (proposals, targets)) == pytest.approx(best, abs=NOTHING)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 9),
    st.integers(1, 60),
    st.integers(1, 6),
    st.integers(6, 60),
    st.integers(0, 2**32 - 1),
)
def test_any_cost_is_assigned_as_cheaply_as_by_the_dense_method(
    kind: str, rows: int, columns: int, claims: int, places: int, seed: int
) -> None:
    require_cheapest(hard(np.random.default_rng(seed), kind, rows, columns), claims, places)


@pytest.mark.parametrize("learnt", [False, True])
@pytest.mark.parametrize(
    ("cells", "claims", "spread"), [(60, 1, 96), (60, 6, 96), (25, 6, 30), (200, 2, 96)]
)
def test_cells_at_random_and_in_a_heap_are_assigned_as_cheaply(
    cells: int, claims: int, spread: float, learnt: bool
) -> None:
    for seed in range(3):
        random = np.random.default_rng(seed)
        cost = of_cells(random, cells, spread=spread, learnt=learnt)
        require_cheapest(cost, claims, 16 * claims + 16)


@pytest.mark.parametrize(("cells", "claims"), [(96, 6), (200, 6), (700, 1)])
def test_more_claims_than_proposals_serve_every_proposal(cells: int, claims: int) -> None:
    require_cheapest(of_cells(np.random.default_rng(0), cells), claims, 32)


def test_a_thousand_targets_are_assigned_as_cheaply() -> None:
    cost = np.random.default_rng(0).uniform(0, 1, (1000, 3136)).astype(np.float32)
    require_cheapest(cost.astype(np.float64), 1, 32)


def test_one_to_one_is_as_cheap_as_the_cheapest_of_all_choices() -> None:
    cost = hard(np.random.default_rng(1), "random", 3, 5)
    best = min(cost[range(3), choice].sum() for choice in itertools.permutations(range(5), 3))
    assert total_cost(cost, solved(cost, 1, 5)) == pytest.approx(best, abs=NOTHING)


def test_the_whole_costs_are_asked_for_only_where_lists_are_no_proof() -> None:
    whole: list[int] = []
    cost = of_cells(np.random.default_rng(0), 10)
    solved(cost, 2, 48, whole)
    assert whole == []
    # All ten want the same proposals, and no list of eight holds ten.
    same = np.broadcast_to(np.arange(40.0), (10, 40))
    proposals, _ = solved(same, 1, 8, whole)
    assert whole == [0]
    assert sorted(proposals.tolist()) == list(range(10))
