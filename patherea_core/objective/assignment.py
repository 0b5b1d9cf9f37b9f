"""Assignment of proposals to targets, exact, for all tiles and branches of a batch (paper, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from patherea_core.batch import Branch
from patherea_core.geometry import Floats, Ints
from patherea_core.objective.batch_assignment import Pairs, Shortlists, solve
from patherea_core.objective.cells import Cells
from patherea_core.objective.costs import AssignmentCosts
from patherea_core.objective.transfer import send


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """Which proposals of one branch serve which targets of a batch; parallel arrays of P pairs.

    Attributes:
        tile: (P,) int64 rows of the B tiles, ascending.
        proposal: (P,) int64 rows of the M proposals, each at most once in a tile.
        target: (P,) int64 rows of the S targets, each up to β times.
        share: (P,) float32, one over the number of pairs in the tile.
    """

    tile: Tensor
    proposal: Tensor
    target: Tensor
    share: Tensor

    def __len__(self) -> int:
        return len(self.tile)


class PendingAssignment:
    """An assignment whose costs are still being computed and copied while other work goes on."""

    def __init__(
        self,
        branches: Sequence[Branch],
        claims: Sequence[int],
        cells: Cells,
        active: Tensor,
        *,
        distance_weight: float,
    ) -> None:
        """Start. The arguments are those of ``assign``."""
        self._claims, self._cells = np.array(claims), cells
        self._costs = AssignmentCosts(branches, cells, active, distance_weight)
        self._lists = self._costs.start_listing(max(claims))

    def collect(self) -> list[Assignment]:
        """Return the assignment of each branch, on the device of the proposals."""
        column, listed, active = self._lists.wait()
        counts = np.array(self._cells.counts)
        lists = Shortlists(column, listed, self._claims, counts, active)
        return [self._on_device(pairs, counts) for pairs in solve(lists, self._whole_cost)]

    def _whole_cost(self, branch: int, targets: slice) -> Floats:
        whole: Floats = self._costs.of(targets)[branch].double().cpu().numpy()
        return whole

    def _on_device(self, pairs: Pairs, counts: Ints) -> Assignment:
        tile = np.repeat(np.arange(len(counts)), counts)[pairs.target]
        in_tile = np.bincount(tile, minlength=len(counts))
        device = self._cells.xy.device
        numbers = send(np.stack([tile, pairs.proposal, pairs.target]), device)
        share = send(np.float32(1) / in_tile[tile].astype(np.float32), device)
        return Assignment(numbers[0], numbers[1], numbers[2], share)


def assign(
    branches: Sequence[Branch],
    claims: Sequence[int],
    cells: Cells,
    active: Tensor,
    *,
    distance_weight: float,
) -> list[Assignment]:
    """Assign proposals to targets at the least total cost, in every tile and for every branch.

    Args:
        branches: A of them, (B, M, …) each.
        claims: for each branch, the proposals that each target claims (β); 1 for one-to-one.
        cells: the targets of the B tiles; a tile may have none.
        active: (B, M) bool, the proposals that may be assigned at all.
        distance_weight: cost of one pixel of distance (τ).
    """
    return PendingAssignment(
        branches, claims, cells, active, distance_weight=distance_weight
    ).collect()
