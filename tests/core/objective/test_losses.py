"""The losses of a branch against their equations."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from patherea_core.batch import Targets
from patherea_core.objective.assignment import Assignment
from patherea_core.objective.cells import Cells
from patherea_core.objective.losses import (
    Normalisation,
    classification_loss,
    log_probabilities,
    regression_loss,
    wanted_classes,
)
from tests.core.objective import scenes

CLASS_WEIGHTS = torch.tensor([10.0, 10.0, 0.5])
NORMALISATIONS: tuple[Normalisation, ...] = ("paper", "released")


def pairs(tile: list[int], proposal: list[int], target: list[int]) -> Assignment:
    tiles = torch.tensor(tile)
    share = 1 / torch.bincount(tiles)[tiles]
    return Assignment(tiles, torch.tensor(proposal), torch.tensor(target), share)


def classified(
    logits: Tensor, wanted: Tensor, normalisation: Normalisation, gamma: float = 0.0
) -> Tensor:
    return classification_loss(
        log_probabilities(logits), wanted, CLASS_WEIGHTS[wanted], normalisation, gamma
    )


def test_classification_loss_is_equation_2_in_the_papers_form() -> None:
    logits = torch.tensor([[[2.0, 0.0, 1.0], [0.0, 0.0, 3.0]]])
    probability = logits.softmax(-1)[0]
    expected = -(10 * math.log(probability[0, 0]) + 0.5 * math.log(probability[1, 2])) / 2
    ours = classified(logits, torch.tensor([[0, 2]]), "paper")
    assert ours.item() == pytest.approx(expected, rel=1e-5)


def test_classification_loss_in_the_released_form_is_torchs_weighted_mean() -> None:
    logits = torch.randn(2, 7, 3, generator=scenes.random(0))
    wanted = torch.randint(0, 3, (2, 7), generator=scenes.random(1))
    per_tile = [
        functional.cross_entropy(logits[row], wanted[row], weight=CLASS_WEIGHTS) for row in range(2)
    ]
    ours = classified(logits, wanted, "released")
    assert ours.item() == pytest.approx(torch.stack(per_tile).mean().item(), rel=1e-6)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
def test_proposals_without_weight_change_nothing(normalisation: Normalisation) -> None:
    logits = torch.randn(1, 4, 3, generator=scenes.random(0))
    wanted = torch.tensor([[0, 2, 1, 2]])
    weights = CLASS_WEIGHTS[wanted] * torch.tensor([[True, True, False, False]])
    masked = classification_loss(log_probabilities(logits), wanted, weights, normalisation)
    alone = classified(logits[:, :2], wanted[:, :2], normalisation)
    assert masked.item() == pytest.approx(alone.item(), rel=1e-6)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_the_focal_factor_is_a_power_of_what_is_missing_to_certainty(
    normalisation: Normalisation, gamma: float
) -> None:
    logits = torch.tensor([[[2.0, 0.0, 1.0]]])
    plain = classified(logits, torch.tensor([[0]]), normalisation)
    focal = classified(logits, torch.tensor([[0]]), normalisation, gamma)
    missing = 1 - logits.softmax(-1)[0, 0, 0].item()
    assert focal.item() == pytest.approx(plain.item() * missing**gamma, rel=1e-5)


def test_the_focal_factor_has_a_gradient_where_the_class_is_certain() -> None:
    logits = torch.tensor([[[200.0, 0.0, 0.0]]], requires_grad=True)
    classified(logits, torch.tensor([[0]]), "released", 0.5).backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


def test_adjustment_is_added_to_the_logits_of_cells_and_not_of_background() -> None:
    logits = torch.randn(1, 5, 3, generator=scenes.random(0))
    prior = torch.tensor([0.9, 0.1]).log()
    by_hand = logits + torch.tensor([math.log(0.9), math.log(0.1), 0.0])
    ours = log_probabilities(logits, prior).movedim(1, 2)
    torch.testing.assert_close(ours, by_hand.log_softmax(dim=2))


def test_log_probabilities_are_computed_in_32_bits() -> None:
    assert log_probabilities(torch.zeros(1, 2, 3, dtype=torch.bfloat16)).dtype == torch.float32


@pytest.mark.parametrize(("normalisation", "expected"), [("paper", 7.5), ("released", 3.75)])
def test_regression_loss_is_equation_3_and_counts_empty_tiles(
    normalisation: Normalisation, expected: float
) -> None:
    xy = torch.tensor([[[3.0, 4.0], [2.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]])
    cells = Cells.of(
        [
            Targets(torch.tensor([[0.0, 0.0], [4.0, 1.0]]), torch.tensor([0, 1])),
            Targets(torch.empty(0, 2), torch.empty(0, dtype=torch.int64)),
        ]
    )
    # Squared distances 25 and 5 in the first tile: mean 15; none in the second: mean 7.5.
    loss = regression_loss(xy, cells, pairs([0, 0], [0, 1], [0, 1]), normalisation)
    assert loss.item() == pytest.approx(expected)


def test_a_tile_counts_the_same_however_many_cells_it_has() -> None:
    cells = Cells.of([scenes.targets(1, seed=0), scenes.targets(3, seed=1)])
    # Every proposal lies two pixels from its target.
    xy = torch.stack([cells.xy[[0, 0, 0]], cells.xy[1:]]) + torch.tensor([2.0, 0.0])
    chosen = pairs([0, 1, 1, 1], [0, 0, 1, 2], [0, 1, 2, 3])
    assert regression_loss(xy, cells, chosen, "paper").item() == pytest.approx(4.0, rel=1e-5)


def test_unassigned_proposals_are_wanted_as_background() -> None:
    cells = Cells.of([Targets(torch.zeros(2, 2), torch.tensor([1, 0]))])
    wanted = wanted_classes(cells, pairs([0, 0], [3, 1], [0, 1]), (1, 5), 2)
    assert wanted.tolist() == [[2, 0, 2, 1, 2]]
