"""The losses against their equations, and where their gradients go."""

import math

import pytest
import torch

from patherea_core.batch import Batch, Branch, Proposals, Targets
from patherea_core.config import AssignmentConfig, LossConfig, NetworkConfig
from patherea_core.model.network import P2PNetwork
from patherea_core.objective.assignment import Assignment
from patherea_core.objective.hybrid import LossTerms, hybrid_loss, labelled_anchors
from patherea_core.objective.losses import (
    Normalisation,
    classification_loss,
    regression_loss,
    wanted_classes,
)

WEIGHTS = torch.tensor([10.0, 10.0, 0.5])


def pairs(proposals: list[int], targets: list[int]) -> Assignment:
    return Assignment(
        torch.tensor(proposals, dtype=torch.int64), torch.tensor(targets, dtype=torch.int64)
    )


def test_classification_loss_is_equation_2_in_the_papers_form() -> None:
    logits = torch.tensor([[[2.0, 0.0, 1.0], [0.0, 0.0, 3.0]]])
    wanted = torch.tensor([[0, 2]])
    probability = logits.softmax(-1)[0]
    expected = -(10 * math.log(probability[0, 0]) + 0.5 * math.log(probability[1, 2])) / 2
    active = torch.ones(1, 2, dtype=torch.bool)
    assert classification_loss(logits, wanted, active, WEIGHTS, "paper").item() == pytest.approx(
        expected, rel=1e-5
    )


def test_classification_loss_in_the_released_form_is_torchs_weighted_mean() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 7, 3, generator=generator)
    wanted = torch.randint(0, 3, (2, 7), generator=generator)
    active = torch.ones(2, 7, dtype=torch.bool)
    per_tile = [
        torch.nn.functional.cross_entropy(logits[row], wanted[row], weight=WEIGHTS)
        for row in range(2)
    ]
    ours = classification_loss(logits, wanted, active, WEIGHTS, "released")
    assert ours.item() == pytest.approx(torch.stack(per_tile).mean().item(), rel=1e-6)


@pytest.mark.parametrize("normalisation", ["paper", "released"])
def test_inactive_proposals_change_nothing(normalisation: Normalisation) -> None:
    logits = torch.randn(1, 4, 3, generator=torch.Generator().manual_seed(0))
    wanted = torch.tensor([[0, 2, 1, 2]])
    active = torch.tensor([[True, True, False, False]])
    masked = classification_loss(logits, wanted, active, WEIGHTS, normalisation)
    alone = classification_loss(logits[:, :2], wanted[:, :2], active[:, :2], WEIGHTS, normalisation)
    assert masked.item() == pytest.approx(alone.item(), rel=1e-6)


@pytest.mark.parametrize(("normalisation", "expected"), [("paper", 7.5), ("released", 3.75)])
def test_regression_loss_is_equation_3_and_counts_empty_tiles(
    normalisation: Normalisation, expected: float
) -> None:
    xy = torch.tensor([[[3.0, 4.0], [2.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]]])
    cells = [
        Targets(torch.tensor([[0.0, 0.0], [4.0, 1.0]]), torch.tensor([0, 1])),
        Targets(torch.empty(0, 2), torch.empty(0, dtype=torch.int64)),
    ]
    # Squared distances 25 and 5 in the first tile: mean 15; none in the second: mean 7.5.
    chosen = [pairs([0, 1], [0, 1]), pairs([], [])]
    loss = regression_loss(Branch(xy, torch.zeros(2, 2, 3)), cells, chosen, normalisation)
    assert loss.item() == pytest.approx(expected)


def test_unassigned_proposals_are_wanted_as_background() -> None:
    cells = [Targets(torch.zeros(2, 2), torch.tensor([1, 0]))]
    assert wanted_classes(cells, [pairs([3, 1], [0, 1])], (1, 5), 2).tolist() == [[2, 0, 2, 1, 2]]


def test_an_anchor_is_labelled_if_its_pixel_is() -> None:
    labelled = torch.zeros(1, 8, 8, dtype=torch.bool)
    labelled[0, 2, 6] = True
    anchors = torch.tensor([[6.0, 2.0], [2.0, 6.0], [6.9, 2.9]])
    assert labelled_anchors(anchors, labelled).tolist() == [[True, False, True]]


def network() -> P2PNetwork:
    torch.manual_seed(0)
    return P2PNetwork(NetworkConfig(backbone="convnext_atto", fpn_channels=16, head_blocks=1), 2)


def batch() -> Batch:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=generator)
    cells = Targets(torch.tensor([[10.0, 20.0], [40.0, 50.0]]), torch.tensor([0, 1]))
    none = Targets(torch.empty(0, 2), torch.empty(0, dtype=torch.int64))
    return Batch(images, (cells, none), torch.ones(2, 64, 64, dtype=torch.bool))


def terms_of(model: P2PNetwork) -> LossTerms:
    return hybrid_loss(model(batch().images), batch(), AssignmentConfig(), LossConfig())


REACHED = {
    "one_to_one_classification": ("classification", "refined_output"),
    "one_to_one_regression": ("regression", "refined_output"),
    "one_to_many_classification": ("classification", "first_output"),
    "one_to_many_regression": ("regression", "first_output"),
}


@pytest.mark.parametrize("term", REACHED)
def test_a_loss_term_reaches_its_own_head_and_the_backbone_and_no_other_head(term: str) -> None:
    model = network()
    getattr(terms_of(model), term).backward()
    reached = {
        name
        for name, parameter in model.named_parameters()
        if parameter.grad is not None and parameter.grad.any()
    }
    head, output = REACHED[term]
    other = "regression" if head == "classification" else "classification"
    assert any(name.startswith(f"{head}.{output}") for name in reached)
    assert any(name.startswith("backbone") for name in reached)
    assert not any(name.startswith(other) for name in reached)
    refined = any(name.startswith(f"{head}.refined_output") for name in reached)
    assert refined == (output == "refined_output")


def test_the_total_weighs_the_terms_as_equations_4_and_5() -> None:
    terms = terms_of(network())
    by_hand = (
        terms.one_to_one_classification
        + 2e-3 * terms.one_to_one_regression
        + 0.5 * (terms.one_to_many_classification + 2e-3 * terms.one_to_many_regression)
    )
    assert terms.total.item() == pytest.approx(by_hand.item(), rel=1e-6)


def test_without_a_one_to_many_branch_only_equation_4_remains() -> None:
    proposals = network()(batch().images)
    plain = Proposals(proposals.anchors, proposals.one_to_one, None)
    terms = hybrid_loss(plain, batch(), AssignmentConfig(), LossConfig())
    expected = terms.one_to_one_classification + 2e-3 * terms.one_to_one_regression
    assert terms.total.item() == pytest.approx(expected.item(), rel=1e-6)


def test_nothing_is_learnt_where_nobody_labelled() -> None:
    model = network()
    unlabelled = Batch(batch().images, batch().targets, torch.zeros(2, 64, 64, dtype=torch.bool))
    terms = hybrid_loss(model(unlabelled.images), unlabelled, AssignmentConfig(), LossConfig())
    assert terms.total.item() == 0
