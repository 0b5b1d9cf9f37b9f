"""The two losses of a branch, for a given assignment (paper, equations 2 and 3).

Both exist in two normalisations. "released" is that of the code that gave the published figures: the
classification loss is divided by the sum of the class weights instead of by M, and the regression
loss is half of equation 3. "paper" is the equations to the letter. In both, the loss of a batch is the
mean over its tiles, those without a cell included.
"""

from typing import Literal

import torch
from torch import Tensor

from patherea_core.objective.assignment import Assignment
from patherea_core.objective.cells import Cells

Normalisation = Literal["released", "paper"]


def log_probabilities(logits: Tensor, adjustment: Tensor | None = None) -> Tensor:
    """Return the (B, T + 1, M) log probabilities of classes, in 32 bits.

    Args:
        logits: (B, M, T + 1), background last.
        adjustment: (T,) what is added to the logits of the cell classes (Menon et al. 2021).
    """
    logits = logits.float()
    if adjustment is not None:
        logits = logits + torch.cat([adjustment, adjustment.new_zeros(1)])
    # Classes lie apart in memory, since a softmax over a few neighbours in memory is slow on a CPU.
    return logits.movedim(-1, 1).contiguous().log_softmax(dim=1)


def classification_loss(
    log_probability: Tensor,
    wanted: Tensor,
    weights: Tensor,
    normalisation: Normalisation,
    focal_gamma: float = 0.0,
) -> Tensor:
    """Return the weighted cross-entropy of a batch (paper, equation 2).

    Args:
        log_probability: (B, T + 1, M), background last.
        wanted: (B, M) int64 class each proposal should have; T is background.
        weights: (B, M) weight λ_t of that class, 0 for proposals that do not count.
        normalisation: what the sum of a tile is divided by: its weights or its proposals that count.
        focal_gamma: exponent γ of the factor (1 − probability)^γ (Lin et al. 2017); none at 0.
    """
    entropy = -log_probability.gather(1, wanted[:, None]).squeeze(1)
    if focal_gamma:
        # The root of 0 has no gradient, so a probability of 1 counts as a little less.
        entropy = entropy * (-torch.expm1(-entropy)).clamp_min(1e-6) ** focal_gamma
    total = (weights * entropy).sum(dim=1)
    parts = weights if normalisation == "released" else (weights > 0).to(weights.dtype)
    return (total / parts.sum(dim=1).clamp_min(1e-12)).mean()


def regression_loss(
    xy: Tensor, cells: Cells, assignment: Assignment, normalisation: Normalisation
) -> Tensor:
    """Return the mean squared distance of assigned proposals to their targets (paper, equation 3).

    Args:
        xy: (B, M, 2) proposed positions in tile pixels.
        cells: the targets of the B tiles.
        assignment: which of them the proposals serve.
        normalisation: "released" takes half of the equation.
    """
    gap = xy[assignment.tile, assignment.proposal].float() - cells.xy[assignment.target]
    total = (gap.square().sum(dim=1) * assignment.share).sum()
    halved = 0.5 if normalisation == "released" else 1.0
    return halved * total / len(cells.counts)


def wanted_classes(
    cells: Cells, assignment: Assignment, shape: tuple[int, int], background: int
) -> Tensor:
    """Return the (B, M) class each proposal should have: its target's, or background."""
    wanted = torch.full(shape, background, dtype=torch.int64, device=cells.xy.device)
    wanted[assignment.tile, assignment.proposal] = cells.class_index[assignment.target]
    return wanted
