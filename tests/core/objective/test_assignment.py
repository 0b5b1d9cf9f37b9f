"""Assignment of proposals to targets in a batch: exact, as the paper defines it, in one go."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.batch import Branch, Targets
from patherea_core.objective import costs as module
from patherea_core.objective.assignment import Assignment, PendingAssignment, assign
from patherea_core.objective.cells import Cells
from patherea_core.objective.costs import AssignmentCosts
from tests.core.objective import scenes
from tests.core.objective.literal import cheapest_pairs, cost_of, total_cost


def active(tiles: int, count: int) -> torch.Tensor:
    return torch.ones(tiles, count, dtype=torch.bool)


def branch(xy: list[list[float]], logits: list[list[float]]) -> Branch:
    return Branch(torch.tensor([xy]), torch.tensor([logits]))


def cells(*places: tuple[float, float]) -> Cells:
    xy = torch.tensor(places).reshape(-1, 2)
    return Cells.of([Targets(xy, torch.zeros(len(xy), dtype=torch.int64))])


def in_tile(found: Assignment, given: Cells, tile: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (proposals, targets of the tile) of one tile."""
    rows = found.tile == tile
    first = sum(given.counts[:tile])
    return found.proposal[rows].numpy(), (found.target[rows] - first).numpy()


def test_the_cost_is_weighted_distance_minus_probability_of_the_targets_class() -> None:
    proposals = branch([[3.0, 4.0], [3.0, 4.0]], [[0.0, 0.0, float(np.log(2))]] * 2)
    one = Cells.of([Targets(torch.zeros(1, 2), torch.tensor([1]))])
    cost = AssignmentCosts([proposals], one, torch.tensor([[True, False]]), 0.05).of(slice(0, 1))
    assert cost[0, 0, 0].item() == pytest.approx(0.05 * 5 - 0.25)
    assert cost[0, 0, 1].item() == float("inf")


def test_costs_that_16_bits_cannot_tell_apart_are_told_apart() -> None:
    # In bfloat16 both distances are 100.
    near = branch([[100.1, 0.0], [100.0, 0.0]], [[0.0, 0.0]] * 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        (found,) = assign([near], [1], cells((0.0, 0.0)), active(1, 2), distance_weight=0.05)
    assert found.proposal.tolist() == [1]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.integers(1, 6),
    st.sampled_from([0.0, 0.05, 2.0]),
    st.integers(0, 1000),
)
def test_every_tile_of_both_branches_costs_what_the_literal_form_costs(
    counts: list[int], claims: int, distance_weight: float, seed: int
) -> None:
    given_ = scenes.batch(counts)
    proposed = scenes.proposals(len(counts), seed=seed)
    column, row = proposed.anchors.long().unbind(dim=1)
    usable = given_.labelled[:, row, column]
    assert proposed.one_to_many is not None
    both = [proposed.one_to_one, proposed.one_to_many]
    all_cells = Cells.of(given_.targets)
    found = assign(both, [1, claims], all_cells, usable, distance_weight=distance_weight)
    for one, each, pairs in zip(both, [1, claims], found, strict=True):
        for tile, targets in enumerate(given_.targets):
            cost = cost_of(one, tile, targets, distance_weight)
            columns = usable[tile].nonzero().squeeze(1).numpy()
            best = total_cost(cost[:, columns], cheapest_pairs(cost[:, columns], each))
            chosen = in_tile(pairs, all_cells, tile)
            assert len(chosen[0]) == min(len(columns), each * len(targets))
            assert len(set(chosen[0].tolist())) == len(chosen[0])
            assert total_cost(cost, chosen) == pytest.approx(best, abs=2e-5)


def test_tiles_of_a_batch_are_assigned_as_if_alone() -> None:
    given_, proposed = scenes.batch([4, 0, 20, 9]), scenes.proposals(4)
    usable = active(4, len(proposed.anchors))
    usable[3, ::3] = False
    one = proposed.one_to_one
    (together,) = assign([one], [2], Cells.of(given_.targets), usable, distance_weight=0.05)
    for tile in range(4):
        own = Branch(one.xy[tile : tile + 1], one.logits[tile : tile + 1])
        alone_cells = Cells.of(given_.targets[tile : tile + 1])
        (alone,) = assign([own], [2], alone_cells, usable[tile : tile + 1], distance_weight=0.05)
        expected = in_tile(alone, alone_cells, 0)
        for ours, theirs in zip(
            in_tile(together, Cells.of(given_.targets), tile), expected, strict=True
        ):
            assert ours.tolist() == theirs.tolist()


def test_how_many_targets_are_looked_at_at_once_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_, proposed = Cells.of(scenes.batch([9, 4]).targets), scenes.proposals(2)
    usable = active(2, len(proposed.anchors))
    (first,) = assign([proposed.one_to_one], [3], given_, usable, distance_weight=0.05)
    monkeypatch.setattr(module, "_AT_ONCE_ON_HOST", 4)
    (again,) = assign([proposed.one_to_one], [3], given_, usable, distance_weight=0.05)
    assert first.proposal.tolist() == again.proposal.tolist()
    assert first.target.tolist() == again.target.tolist()


def test_a_device_lists_what_the_threads_of_the_host_list() -> None:
    given_, proposed = Cells.of(scenes.batch([9, 0, 40]).targets), scenes.proposals(3)
    assert proposed.one_to_many is not None
    usable = active(3, len(proposed.anchors))
    usable[2, 20:] = False
    costs = AssignmentCosts(
        [proposed.one_to_one, proposed.one_to_many], given_, usable, distance_weight=0.05
    )
    ours = costs.start_listing(1).wait()
    theirs = module.DeviceLists(costs, len(given_.tile), ours[1].shape[2]).wait()
    np.testing.assert_allclose(ours[1], theirs[1], atol=1e-6)
    there = np.isfinite(ours[1])
    assert (ours[0][there] == theirs[0][there]).all()
    assert not there[..., -1].all()
    assert (ours[2] == theirs[2]).all()


def test_a_device_that_sees_few_targets_at_once_lists_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_, proposed = Cells.of([scenes.targets(9)]), scenes.proposals(1)
    costs = AssignmentCosts([proposed.one_to_one], given_, active(1, 256), 0.05)
    whole = module.DeviceLists(costs, 9, 8).wait()
    monkeypatch.setattr(module, "_AT_ONCE_ON_DEVICE", 4)
    parts = module.DeviceLists(costs, 9, 8).wait()
    assert (whole[0] == parts[0]).all()


def test_many_costs_are_listed_by_threads_and_come_out_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_, proposed = Cells.of(scenes.batch([9, 30]).targets), scenes.proposals(2)
    costs = AssignmentCosts([proposed.one_to_one], given_, active(2, 256), 0.05)
    inline = costs.start_listing(2).wait()
    monkeypatch.setattr(module, "_FEW_COSTS", 0)
    threaded = costs.start_listing(2).wait()
    assert (inline[0] == threaded[0]).all()


def test_shares_of_a_tile_add_up_to_one() -> None:
    given_, proposed = Cells.of(scenes.batch([9, 0, 3]).targets), scenes.proposals(3)
    (found,) = assign([proposed.one_to_one], [2], given_, active(3, 256), distance_weight=0.05)
    sums = torch.zeros(3).index_add(0, found.tile, found.share)
    assert sums.tolist() == pytest.approx([1, 0, 1])
    assert len(found) == 24


def test_proposals_that_are_not_active_are_never_assigned() -> None:
    both = branch([[0.0, 0.0], [9.0, 9.0]], [[0.0, 0.0], [0.0, 0.0]])
    (found,) = assign(
        [both], [1], cells((0.0, 0.0)), torch.tensor([[False, True]]), distance_weight=0.05
    )
    assert found.proposal.tolist() == [1]


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_proposals_that_are_no_numbers_are_never_assigned(wrong: float) -> None:
    proposed = branch(
        [[wrong, 0.0], [5.0, 0.0], [9.0, 0.0]], [[0.0, 0.0], [wrong, 0.0], [0.0, 0.0]]
    )
    (found,) = assign([proposed], [3], cells((0.0, 0.0)), active(1, 3), distance_weight=0.05)
    assert found.proposal.tolist() == [2]


def test_positions_far_outside_are_assigned_if_nothing_else_is_left() -> None:
    proposed = branch([[1e12, 0.0], [5.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]])
    (found,) = assign([proposed], [2], cells((0.0, 0.0)), active(1, 2), distance_weight=0.05)
    assert sorted(found.proposal.tolist()) == [0, 1]


@pytest.mark.parametrize("labelled", [True, False])
def test_a_tile_without_cells_or_without_labelled_area_assigns_nothing(labelled: bool) -> None:
    given_ = cells() if labelled else cells((0.0, 0.0))
    usable = torch.full((1, 1), labelled)
    (found,) = assign(
        [branch([[0.0, 0.0]], [[0.0, 0.0]])], [2], given_, usable, distance_weight=0.05
    )
    assert len(found) == 0


def test_assigning_takes_no_gradient() -> None:
    proposed = scenes.proposals(1)
    (found,) = assign(
        [proposed.one_to_one], [1], Cells.of([scenes.targets(3)]), active(1, 256), distance_weight=1
    )
    assert not found.share.requires_grad


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="run on a machine with a CUDA device")
def test_a_gpu_assigns_as_cheaply_as_the_cpu() -> None:
    given_, proposed = scenes.batch([9, 0, 20, 60]), scenes.proposals(4)
    usable = active(4, len(proposed.anchors))
    totals = []
    for device in (torch.device("cpu"), torch.device("cuda")):
        one = Branch(proposed.one_to_one.xy.to(device), proposed.one_to_one.logits.to(device))
        there = Cells.of(given_.to(device).targets)
        pending = PendingAssignment([one], [3], there, usable.to(device), distance_weight=0.05)
        (found,) = pending.collect()
        whole = AssignmentCosts([one], there, usable.to(device), 0.05).of(slice(0, None))[0]
        totals.append(whole[found.target, found.proposal].sum().item())
    assert totals[0] == pytest.approx(totals[1], rel=1e-5)
