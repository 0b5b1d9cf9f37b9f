"""Assignment of proposals to targets by the Hungarian algorithm (paper, sections 3.1 and 3.2)."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from patherea_core.batch import Branch, Targets
from patherea_core.geometry import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Which proposal serves which target in one tile; parallel arrays of P pairs.

    Attributes:
        proposals: (P,) int64 rows of the M proposals, each at most once.
        targets: (P,) int64 rows of the N targets, each up to β times.
    """

    proposals: Tensor
    targets: Tensor


@torch.no_grad()
def assignment_cost(branch: Branch, row: int, targets: Targets, distance_weight: float) -> Tensor:
    """Return the (N, M) cost τ · distance − probability of the target's class (paper, equation 1)."""
    distance = torch.cdist(targets.xy.float(), branch.xy[row].float(), compute_mode=_EXACT)
    probability = branch.logits[row].float().softmax(dim=-1)[:, targets.class_index]
    return distance_weight * distance - probability.T


#: The faster formula subtracts large squares, and loses the digits that decide between near proposals.
_EXACT = "donot_use_mm_for_euclid_dist"


def solve(cost: Floats, proposals_per_target: int) -> tuple[Floats, Floats]:
    """Return the (proposals, targets) of the cheapest assignment for an (N, M) cost.

    Every target claims ``proposals_per_target`` (β) proposals of its own, each proposal serves one
    target: the cost matrix with every row repeated β times, solved exactly. With β · N > M all M
    proposals are assigned.
    """
    repeated = np.repeat(np.arange(len(cost)), proposals_per_target)
    # Proposals as rows and targets as columns is the same problem and solves faster in SciPy when
    # proposals are many; SciPy transposes a tall matrix itself, without a copy for this order.
    proposals, copies = linear_sum_assignment(cost.T[:, repeated])
    return proposals, repeated[copies]


@torch.no_grad()
def assign(
    branch: Branch,
    targets: Sequence[Targets],
    active: Tensor,
    *,
    distance_weight: float,
    proposals_per_target: int,
) -> list[Assignment]:
    """Assign proposals to the targets of each of B tiles.

    Args:
        branch: the proposals, (B, M, …).
        targets: B of them; a tile may have none.
        active: (B, M) bool, the proposals that may be assigned at all.
        distance_weight: cost of one pixel of distance (τ).
        proposals_per_target: proposals that each target claims (β).

    Returns:
        B assignments on the device of the proposals.
    """

    def one(row: int) -> Assignment:
        rows = torch.nonzero(active[row]).squeeze(1)
        device = branch.xy.device
        if len(targets[row]) == 0 or len(rows) == 0:
            empty = torch.empty(0, dtype=torch.int64, device=device)
            return Assignment(empty, empty)
        cost = assignment_cost(branch, row, targets[row], distance_weight)[:, rows]
        columns, of_target = solve(cost.double().cpu().numpy(), proposals_per_target)
        return Assignment(
            rows[torch.as_tensor(columns, device=device)], torch.as_tensor(of_target, device=device)
        )

    # SciPy's solver releases the interpreter lock, so the tiles of a batch are solved side by side.
    with ThreadPoolExecutor(max_workers=min(8, max(1, len(targets)))) as pool:
        return list(pool.map(one, range(len(targets))))
