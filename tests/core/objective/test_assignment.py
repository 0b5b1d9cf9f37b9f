"""Assignment of proposals to targets: exact, and as the paper defines it."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from patherea_core.batch import Branch, Targets
from patherea_core.objective.assignment import assign, assignment_cost, solve


def branch(xy: list[list[float]], logits: list[list[float]]) -> Branch:
    return Branch(torch.tensor([xy]), torch.tensor([logits]))


def targets(xy: list[list[float]], classes: list[int]) -> Targets:
    return Targets(torch.tensor(xy).reshape(-1, 2), torch.tensor(classes, dtype=torch.int64))


def test_the_cost_is_weighted_distance_minus_probability_of_the_targets_class() -> None:
    proposals = branch([[3.0, 4.0]], [[0.0, 0.0, float(np.log(2))]])
    cost = assignment_cost(proposals, 0, targets([[0.0, 0.0]], [1]), 0.05)
    assert cost.item() == pytest.approx(0.05 * 5 - 0.25)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1), st.booleans())
def test_one_to_many_is_the_dense_problem_with_repeated_rows(
    count: int, copies: int, seed: int, tied: bool
) -> None:
    random = np.random.default_rng(seed)
    cost = random.random((count, count * copies + 2))
    if tied:
        cost = np.round(cost)
    rows, columns = linear_sum_assignment(np.repeat(cost, copies, axis=0))
    expected = np.repeat(cost, copies, axis=0)[rows, columns].sum()
    proposals, of_target = solve(cost, copies)
    assert cost[of_target, proposals].sum() == pytest.approx(expected)
    assert len(set(proposals.tolist())) == len(proposals) == count * copies
    assert (np.bincount(of_target, minlength=count) == copies).all()


def test_one_to_one_is_as_cheap_as_the_cheapest_of_all_choices() -> None:
    cost = np.random.default_rng(1).random((3, 5))
    cheapest = min(cost[range(3), choice].sum() for choice in itertools.permutations(range(5), 3))
    proposals, of_target = solve(cost, 1)
    assert cost[of_target, proposals].sum() == pytest.approx(cheapest)


def test_more_claims_than_proposals_assign_every_proposal() -> None:
    proposals, _ = solve(np.ones((3, 4)), 2)
    assert sorted(proposals.tolist()) == [0, 1, 2, 3]


def test_proposals_that_are_not_active_are_never_assigned() -> None:
    both = branch([[0.0, 0.0], [9.0, 9.0]], [[0.0, 0.0], [0.0, 0.0]])
    (pairs,) = assign(
        both,
        [targets([[0.0, 0.0]], [0])],
        torch.tensor([[False, True]]),
        distance_weight=0.05,
        proposals_per_target=1,
    )
    assert pairs.proposals.tolist() == [1]


@pytest.mark.parametrize("active", [True, False])
def test_a_tile_without_cells_or_without_labelled_area_assigns_nothing(active: bool) -> None:
    cells = targets([], []) if active else targets([[0.0, 0.0]], [0])
    (pairs,) = assign(
        branch([[0.0, 0.0]], [[0.0, 0.0]]),
        [cells],
        torch.tensor([[active]]),
        distance_weight=0.05,
        proposals_per_target=2,
    )
    assert len(pairs.proposals) == len(pairs.targets) == 0


def test_tiles_of_a_batch_are_assigned_as_if_alone() -> None:
    generator = torch.Generator().manual_seed(3)
    many = Branch(
        torch.rand(3, 30, 2, generator=generator) * 50, torch.randn(3, 30, 3, generator=generator)
    )
    cells = [
        targets([[5.0 * k, 7.0] for k in range(n)], [k % 2 for k in range(n)]) for n in (4, 0, 6)
    ]
    active = torch.ones(3, 30, dtype=torch.bool)
    together = assign(many, cells, active, distance_weight=0.05, proposals_per_target=2)
    for row in range(3):
        alone = assign(
            Branch(many.xy[row : row + 1], many.logits[row : row + 1]),
            cells[row : row + 1],
            active[:1],
            distance_weight=0.05,
            proposals_per_target=2,
        )[0]
        assert alone.proposals.tolist() == together[row].proposals.tolist()
