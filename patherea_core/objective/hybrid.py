"""The hybrid objective: one-to-one plus weighted one-to-many loss (paper, equations 4 and 5)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from patherea_core.batch import Batch, Branch, Proposals
from patherea_core.config import AssignmentConfig, LossConfig
from patherea_core.objective.assignment import assign
from patherea_core.objective.losses import classification_loss, regression_loss, wanted_classes


@dataclass(frozen=True, slots=True, eq=False)
class LossTerms:
    """The loss of a batch and its unweighted parts; scalars."""

    total: Tensor
    one_to_one_classification: Tensor
    one_to_one_regression: Tensor
    one_to_many_classification: Tensor
    one_to_many_regression: Tensor


def hybrid_loss(
    proposals: Proposals, batch: Batch, assignment: AssignmentConfig, loss: LossConfig
) -> LossTerms:
    """Return the loss of a network's proposals for a batch (paper, equation 5).

    Proposals whose anchor point lies where nobody labelled take no part: they are neither assigned
    nor taught to be background.
    """
    active = labelled_anchors(proposals.anchors, batch.labelled)
    zero = proposals.one_to_one.logits.new_zeros(())
    classify, regress = _branch_loss(
        proposals.one_to_one, batch, active, assignment, loss, copies=1
    )
    many_classify, many_regress = zero, zero
    if proposals.one_to_many is not None:
        copies = assignment.proposals_per_target
        many_classify, many_regress = _branch_loss(
            proposals.one_to_many, batch, active, assignment, loss, copies=copies
        )
    one_to_one = classify + loss.regression_weight * regress
    one_to_many = many_classify + loss.regression_weight * many_regress
    total = one_to_one + loss.one_to_many_weight * one_to_many
    return LossTerms(total, classify, regress, many_classify, many_regress)


def labelled_anchors(anchors: Tensor, labelled: Tensor) -> Tensor:
    """Return the (B, M) mask of anchor points in labelled pixels, from (M, 2) and (B, H, W)."""
    column, row = anchors.long().unbind(dim=1)
    return labelled[:, row, column]


def _branch_loss(
    branch: Branch,
    batch: Batch,
    active: Tensor,
    assignment: AssignmentConfig,
    loss: LossConfig,
    *,
    copies: int,
) -> tuple[Tensor, Tensor]:
    pairs = assign(
        branch,
        batch.targets,
        active,
        distance_weight=assignment.distance_weight,
        proposals_per_target=copies,
    )
    background = branch.logits.shape[-1] - 1
    weights = torch.full((background + 1,), loss.cell_weight, device=branch.logits.device)
    weights[background] = loss.background_weight
    wanted = wanted_classes(
        batch.targets, pairs, (branch.logits.shape[0], branch.logits.shape[1]), background
    )
    classify = classification_loss(branch.logits, wanted, active, weights, loss.normalisation)
    return classify, regression_loss(branch, batch.targets, pairs, loss.normalisation)
