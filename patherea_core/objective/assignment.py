"""Assignment of proposals to targets, exact, for all tiles and branches of a batch (paper, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from patherea_core.batch import Branch, Targets
from patherea_core.geometry import Floats, Ints
from patherea_core.objective.batch_assignment import Pairs, Shortlists, solve
from patherea_core.objective.transfer import Fetched, send

#: A shortlist has four places for each claim and so many more.
_SPARE_PLACES = 16
#: Targets whose costs are computed at once. On a CPU so few that the costs stay in its cache, on others so
#: many that a step is told once, unless memory gets short.
_TARGETS_AT_ONCE = {"cpu": 32}
_MANY_TARGETS = 4096
#: A position beyond is none, since the square of the distance would not be a number.
_FARTHEST = 1e15


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The targets of B tiles, one after another.

    Attributes:
        xy: (S, 2) float32 tile pixels.
        class_index: (S,) int64 rows of the taxonomy.
        tile: (S,) int64 tile of each, ascending.
        counts: how many each of the B tiles has.
    """

    xy: Tensor
    class_index: Tensor
    tile: Tensor
    counts: tuple[int, ...]

    @classmethod
    def of(cls, targets: Sequence[Targets]) -> "Cells":
        """Return the targets of at least one tile."""
        counts = tuple(len(one) for one in targets)
        tile = np.repeat(np.arange(len(counts)), counts)
        xy = torch.cat([one.xy for one in targets]).float()
        return cls(
            xy, torch.cat([one.class_index for one in targets]), send(tile, xy.device), counts
        )


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


class AssignmentCosts:
    """Costs τ · distance − probability of the target's class (paper, equation 1), some targets at once."""

    @torch.no_grad()
    def __init__(
        self,
        branches: Sequence[Branch],
        cells: Cells,
        active: Tensor,
        distance_weight: float,
    ) -> None:
        """Take A branches of (B, M, …) proposals, the targets of the tiles and the weight τ of a pixel.

        Proposals that are not ``active``, (B, M) bool, cost infinity.
        """
        self._cells, self._distance_weight = cells, distance_weight
        x, y = torch.stack([branch.xy.float() for branch in branches]).movedim(-1, 0)
        self._x, self._y = x.where(active, 0), y.where(active, 0)
        logits = torch.stack([branch.logits.float() for branch in branches])
        # Classes lie apart in memory, since a softmax over a few neighbours in memory is slow on a CPU.
        probability = logits.movedim(-1, 2).contiguous().softmax(dim=2)
        self._probability = probability.where(active[:, None], -torch.inf).flatten(1, 2)
        self._row = cells.tile * probability.shape[2] + cells.class_index

    @torch.no_grad()
    def of(self, targets: slice) -> Tensor:
        """Return the (A, n, M) float32 costs of n of the S targets, whatever the network computes in."""
        # Rows of all proposals of a tile, one for every target, so that no step looks at a single tile.
        tile, xy = self._cells.tile[targets], self._cells.xy[targets]
        across = self._x.index_select(1, tile).sub_(xy[:, :1])
        down = self._y.index_select(1, tile).sub_(xy[:, 1:])
        distance = across.square_().addcmul_(down, down).sqrt_()
        probability = self._probability.index_select(1, self._row[targets])
        cost: Tensor = distance.mul_(self._distance_weight).sub_(probability)
        return cost


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
        for branch in branches:
            # What is no number cannot be assigned; the loss will not be one either.
            active = active & (branch.xy.abs() < _FARTHEST).all(dim=-1)
            active = active & torch.isfinite(branch.logits).all(dim=-1)
        self._costs = AssignmentCosts(branches, cells, active, distance_weight)
        places = min(active.shape[1], 4 * max(claims) + _SPARE_PLACES)
        at_once = _TARGETS_AT_ONCE.get(active.device.type, _MANY_TARGETS)
        parts = [
            self._costs.of(slice(start, start + at_once)).topk(places, dim=2, largest=False)
            for start in range(0, max(1, len(cells.tile)), at_once)
        ]
        listed, column = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        self._fetched = Fetched(column, listed, active)

    def collect(self) -> list[Assignment]:
        """Return the assignment of each branch, on the device of the proposals."""
        column, listed, active = self._fetched.wait()
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
