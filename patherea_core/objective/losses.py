"""The two losses of a branch, for a given assignment (paper, equations 2 and 3).

Both exist in two normalisations. "released" is that of the code that gave the published figures: the
classification loss is divided by the sum of the class weights instead of by M, and the regression
loss is half of equation 3. "paper" is the equations to the letter. In both, the loss of a batch is the
mean over its tiles, those without a cell included.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from patherea_core.batch import Branch, Targets
from patherea_core.objective.assignment import Assignment

Normalisation = Literal["released", "paper"]


def classification_loss(
    logits: Tensor,
    wanted: Tensor,
    active: Tensor,
    class_weights: Tensor,
    normalisation: Normalisation,
) -> Tensor:
    """Return the weighted cross-entropy of a batch (paper, equation 2).

    Args:
        logits: (B, M, T + 1), background last.
        wanted: (B, M) int64 class each proposal should have; T is background.
        active: (B, M) bool; the others do not count.
        class_weights: (T + 1,) weights λ_t.
        normalisation: what the sum of a tile is divided by.
    """
    entropy = functional.cross_entropy(logits.transpose(1, 2), wanted, reduction="none")
    weights = class_weights[wanted] * active
    total = (weights * entropy).sum(dim=1)
    parts = weights.sum(dim=1) if normalisation == "released" else active.sum(dim=1)
    return (total / parts.clamp_min(1e-12)).mean()


def regression_loss(
    branch: Branch,
    targets: Sequence[Targets],
    assignments: Sequence[Assignment],
    normalisation: Normalisation,
) -> Tensor:
    """Return the mean squared distance of assigned proposals to their targets (paper, equation 3)."""
    total = branch.xy.new_zeros(())
    for row, (target, assignment) in enumerate(zip(targets, assignments, strict=True)):
        if len(assignment.proposals) == 0:
            continue
        gap = branch.xy[row, assignment.proposals] - target.xy[assignment.targets]
        total = total + gap.square().sum(dim=1).mean()
    halved = 0.5 if normalisation == "released" else 1.0
    return halved * total / len(targets)


def wanted_classes(
    targets: Sequence[Targets],
    assignments: Sequence[Assignment],
    shape: tuple[int, int],
    background: int,
) -> Tensor:
    """Return the (B, M) class each proposal should have: its target's, or background."""
    device = assignments[0].proposals.device
    wanted = torch.full(shape, background, dtype=torch.int64, device=device)
    for row, (target, assignment) in enumerate(zip(targets, assignments, strict=True)):
        wanted[row, assignment.proposals] = target.class_index[assignment.targets]
    return wanted
