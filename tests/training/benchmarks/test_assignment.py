"""The benchmark of assignment compares forms that agree, on tiles that are what they are called."""

import numpy as np
import pytest
import torch

from training.benchmarks import assignment
from training.benchmarks.assignment import (
    SCENES,
    Case,
    Pairs,
    Times,
    dense,
    made,
    measured,
    ours,
    total_cost,
)
from training.benchmarks.stopwatch import CLOCKS

CPU = torch.device("cpu")


@pytest.mark.parametrize("scene", SCENES)
def test_both_forms_serve_every_target_at_the_same_cost(scene: str) -> None:
    case = Case(scene, targets=12, claims=2, tiles=2)
    branch, targets = made(case)
    forms = [form(branch, targets, 2) for form in (ours, dense)]
    for found in forms:
        for rows, proposals in found:
            assert torch.bincount(rows, minlength=12).tolist() == [2] * 12
            assert len(set(proposals.tolist())) == 24
    costs = [total_cost(branch, targets, found) for found in forms]
    assert costs[0] == pytest.approx(costs[1], abs=1e-5)


def test_heaps_are_denser_than_cells_anywhere() -> None:
    def nearest(scene: str) -> float:
        _, (targets,) = made(Case(scene, targets=100, claims=1, tiles=1))
        apart = torch.cdist(targets.xy, targets.xy) + 999 * torch.eye(100)
        return float(apart.amin(dim=1).median())

    assert nearest("heaps, early") < 0.7 * nearest("anywhere, early")


def test_later_proposals_lie_at_cells_and_know_their_class() -> None:
    surest = []
    for scene in ("anywhere, early", "anywhere, later"):
        branch, (targets,) = made(Case(scene, targets=30, claims=1, tiles=1))
        near = torch.cdist(targets.xy, branch.xy[0]) < 3
        probability = branch.logits[0].softmax(dim=1)[:, targets.class_index].T
        surest.append((near.sum().item(), probability[near].max().item()))
    assert surest[1][0] > 2 * surest[0][0]
    assert surest[1][1] > 0.9 > surest[0][1]


def test_forms_that_disagree_make_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> list[Pairs]:
        return [(torch.tensor([0]), torch.tensor([0]))]

    monkeypatch.setattr(assignment, "dense", wrong)
    with pytest.raises(AssertionError, match="costs"):
        measured(Case(SCENES[0], 3, 1, 1), CPU, 1, CLOCKS["wall"])


def test_times_are_printed_in_milliseconds_with_their_ratio() -> None:
    assert str(Times(ours=0.002, solving=0.001, dense=0.5)) == "2 | 1 | 500 | 250"


def test_the_table_has_a_row_for_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--targets 5,9 --claims 1,2 --tiles 1 --repetitions 1 --clock cpu --scenes"
    assignment.main([*options.split(), SCENES[3]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 4
    assert lines[2].startswith("| heaps, later | 1 | 5 | 1 | ")
    assert np.ptp([line.count("|") for line in lines]) == 0
