"""The hybrid objective: one-to-one plus weighted one-to-many loss (paper, equations 4 and 5)."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from patherea_core.batch import Batch, Branch, Proposals
from patherea_core.config import AssignmentConfig, LossConfig
from patherea_core.errors import InputError
from patherea_core.objective.assignment import Assignment, PendingAssignment
from patherea_core.objective.cells import Cells
from patherea_core.objective.losses import (
    classification_loss,
    log_probabilities,
    regression_loss,
    wanted_classes,
)


@dataclass(frozen=True, slots=True, eq=False)
class LossTerms:
    """The loss of a batch and its unweighted parts; scalars. Parts of a branch that is not there are 0."""

    total: Tensor
    one_to_one_classification: Tensor
    one_to_one_regression: Tensor
    one_to_many_classification: Tensor
    one_to_many_regression: Tensor

    @property
    def parts(self) -> Mapping[str, Tensor]:
        """The parts by name."""
        return {name: getattr(self, name) for name in PARTS}


#: Names of the parts.
PARTS = tuple(field.name for field in fields(LossTerms) if field.name != "total")


def hybrid_loss(
    proposals: Proposals,
    batch: Batch,
    assignment: AssignmentConfig,
    loss: LossConfig,
    class_log_prior: Tensor | None = None,
) -> LossTerms:
    """Return the loss of a network's proposals for a batch (paper, equation 5).

    Proposals whose anchor point lies where nobody labelled take no part: they are neither assigned
    nor taught to be background.

    Args:
        proposals: of the B tiles.
        batch: on the same device.
        assignment: how proposals are assigned.
        loss: how the parts are weighted.
        class_log_prior: (T,) log frequency of each cell class in the training data; needed for, and
            used by, logit adjustment alone.

    Raises:
        InputError: logits are to be adjusted, and the frequencies are missing.
    """
    adjustment = _adjustment(loss, class_log_prior, proposals.anchors.device)
    active = labelled_anchors(proposals.anchors, batch.labelled)
    cells = Cells.of(batch.targets)
    branches, claims = [proposals.one_to_one], [1]
    if proposals.one_to_many is not None:
        branches.append(proposals.one_to_many)
        claims.append(assignment.proposals_per_target)
    pending = PendingAssignment(
        branches, claims, cells, active, distance_weight=assignment.distance_weight
    )
    # Told to the device before the host turns to the assignment.
    log_probability = [log_probabilities(branch.logits, adjustment) for branch in branches]
    parts = [
        _branch_loss(branch, known, cells, active, pairs, loss)
        for branch, known, pairs in zip(branches, log_probability, pending.collect(), strict=True)
    ]
    return _weighted(parts, loss)


def labelled_anchors(anchors: Tensor, labelled: Tensor) -> Tensor:
    """Return the (B, M) mask of anchor points in labelled pixels, from (M, 2) and (B, H, W)."""
    column, row = anchors.long().unbind(dim=1)
    return labelled[:, row, column]


def _adjustment(
    loss: LossConfig, class_log_prior: Tensor | None, device: torch.device
) -> Tensor | None:
    if loss.logit_adjustment == 0:
        return None
    if class_log_prior is None:
        raise InputError(
            "logit adjustment needs to know how frequent each class is in the training data;"
            " pass the log frequencies, or set logit_adjustment to 0"
        )
    return loss.logit_adjustment * class_log_prior.to(device)


def _branch_loss(
    branch: Branch,
    log_probability: Tensor,
    cells: Cells,
    active: Tensor,
    pairs: Assignment,
    loss: LossConfig,
) -> tuple[Tensor, Tensor]:
    """Return the classification and the regression loss."""
    tiles, classes, count = log_probability.shape
    wanted = wanted_classes(cells, pairs, (tiles, count), classes - 1)
    weights = torch.where(wanted == classes - 1, loss.background_weight, loss.cell_weight) * active
    classify = classification_loss(
        log_probability, wanted, weights, loss.normalisation, loss.focal_gamma
    )
    return classify, regression_loss(branch.xy, cells, pairs, loss.normalisation)


def _weighted(parts: list[tuple[Tensor, Tensor]], loss: LossConfig) -> LossTerms:
    (classify, regress), *many = parts
    total = classify + loss.regression_weight * regress
    if not many:
        zero = torch.zeros_like(total.detach())
        return LossTerms(total, classify, regress, zero, zero)
    many_classify, many_regress = many[0]
    one_to_many = many_classify + loss.regression_weight * many_regress
    total = total + loss.one_to_many_weight * one_to_many
    return LossTerms(total, classify, regress, many_classify, many_regress)
