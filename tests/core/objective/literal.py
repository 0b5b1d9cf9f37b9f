"""The objective to the letter: tile by tile, with the repeated dense cost matrix. Slow, and easily read."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from patherea_core.batch import Batch, Branch, Proposals, Targets
from patherea_core.config import AssignmentConfig, LossConfig
from patherea_core.geometry import Floats, Ints


def total_cost(cost: Floats, pairs: tuple[Ints, Ints]) -> float:
    """Return what (proposals, targets) cost together."""
    proposals, targets = pairs
    return float(cost[targets, proposals].sum())


def cheapest_pairs(cost: Floats, claims: int) -> tuple[Ints, Ints]:
    """Return the (proposals, targets) of the cheapest assignment."""
    repeated = np.repeat(np.arange(len(cost)), claims)
    copies, proposals = linear_sum_assignment(np.repeat(cost, claims, axis=0))
    return proposals, repeated[copies]


def cost_of(branch: Branch, tile: int, targets: Targets, distance_weight: float) -> Floats:
    """Return the (N, M) costs of one tile."""
    apart = targets.xy[:, None].double() - branch.xy[tile].detach().double()
    probability = branch.logits[tile].detach().double().softmax(dim=1)[:, targets.class_index]
    cost: Floats = (distance_weight * apart.norm(dim=2) - probability.T).numpy()
    return cost


def loss_of(
    proposals: Proposals, batch: Batch, assignment: AssignmentConfig, loss: LossConfig
) -> Tensor:
    """Return the hybrid loss."""
    column, row = proposals.anchors.long().unbind(dim=1)
    branches = [(proposals.one_to_one, 1, 1.0)]
    if proposals.one_to_many is not None:
        claims = assignment.proposals_per_target
        branches.append((proposals.one_to_many, claims, loss.one_to_many_weight))
    total = torch.zeros(())
    for branch, claims, weight in branches:
        for tile, targets in enumerate(batch.targets):
            active = torch.nonzero(batch.labelled[tile, row, column]).squeeze(1)
            if len(active) == 0:
                continue
            cost = cost_of(branch, tile, targets, assignment.distance_weight)
            chosen, served = cheapest_pairs(cost[:, active.numpy()], claims)
            shape = branch.logits[tile, active].shape
            wanted = torch.full(shape[:1], shape[1] - 1)
            wanted[torch.as_tensor(chosen)] = targets.class_index[served]
            part = _classification(branch.logits[tile, active], wanted, loss)
            if len(chosen):
                gap = branch.xy[tile, active][chosen] - targets.xy[served]
                squared = gap.square().sum(dim=1).mean()
                halved = 0.5 if loss.normalisation == "released" else 1.0
                part = part + loss.regression_weight * halved * squared
            total = total + weight * part / len(batch.targets)
    return total


def _classification(logits: Tensor, wanted: Tensor, loss: LossConfig) -> Tensor:
    weights = torch.full(logits.shape[1:], loss.cell_weight)
    weights[-1] = loss.background_weight
    if loss.normalisation == "released":
        return functional.cross_entropy(logits, wanted, weight=weights)
    return functional.cross_entropy(logits, wanted, weight=weights, reduction="sum") / len(logits)
