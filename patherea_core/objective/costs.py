"""What it costs to assign a proposal to a target, and lists of what is cheapest."""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from patherea_core.batch import Branch
from patherea_core.geometry import Bools, Ints
from patherea_core.objective.candidates import shortlist
from patherea_core.objective.cells import Cells
from patherea_core.objective.transfer import Fetched, threads

_Floats32 = npt.NDArray[np.float32]

#: Places of a shortlist for each claim, and others.
_PLACES_PER_CLAIM, _SPARE_PLACES = 16, 16
#: Targets whose costs are computed at once: on the host so few that the costs stay in a core's cache, on a
#: device so many that it is told once, unless there are very many.
_AT_ONCE_ON_HOST = 64
_AT_ONCE_ON_DEVICE = 8192
#: Costs that take a millisecond, so that waking threads for fewer would take longer.
_FEW_COSTS = 500_000
#: A position beyond is none, since the square of the distance would not be a number.
_FARTHEST = 1e15


class AssignmentCosts:
    """Costs τ · distance − probability of the target's class (paper, equation 1), in 32 bits.

    Whatever the network computes in, fewer bits could not tell near proposals apart.

    Attributes:
        active: (B, M) bool, the proposals that can be assigned.
    """

    @torch.no_grad()
    def __init__(
        self, branches: Sequence[Branch], cells: Cells, active: Tensor, distance_weight: float
    ) -> None:
        """Take A branches of (B, M, …) proposals, the S targets and the weight τ of a pixel.

        Proposals that are not ``active``, (B, M) bool, cost infinity, and so do those that are no
        numbers, since the loss will be none either and say so.
        """
        xy = torch.stack([branch.xy.float() for branch in branches])
        logits = torch.stack([branch.logits.float() for branch in branches])
        active = active & (xy.abs() < _FARTHEST).all(dim=-1).all(dim=0)
        self.active = active & torch.isfinite(logits).all(dim=-1).all(dim=0)
        self._cells, self._distance_weight = cells, distance_weight
        x, y = xy.movedim(-1, 0)
        self._x, self._y = x.where(self.active, 0), y.where(self.active, 0)
        # Classes lie apart in memory, since a softmax over a few neighbours in memory is slow on a CPU.
        probability = logits.movedim(-1, 2).contiguous().softmax(dim=2)
        self._probability = probability.where(self.active[:, None], -torch.inf)

    @torch.no_grad()
    def of(self, targets: slice) -> Tensor:
        """Return the (A, n, M) costs of n of the S targets."""
        # Rows of all proposals of a tile, one for every target, so that no step looks at a single tile.
        tile, xy = self._cells.tile[targets], self._cells.xy[targets]
        across = self._x.index_select(1, tile).sub_(xy[:, :1])
        down = self._y.index_select(1, tile).sub_(xy[:, 1:])
        distance = across.square_().addcmul_(down, down).sqrt_()
        row = tile * self._probability.shape[2] + self._cells.class_index[targets]
        probability = self._probability.flatten(1, 2).index_select(1, row)
        cost: Tensor = distance.mul_(self._distance_weight).sub_(probability)
        return cost

    def start_listing(self, claims: int) -> "HostLists | DeviceLists":
        """Start listing the cheapest proposals of every target, of which it claims some at most."""
        places = min(self.active.shape[1], _PLACES_PER_CLAIM * claims + _SPARE_PLACES)
        if self._x.device.type != "cpu":
            return DeviceLists(self, len(self._cells.tile), places)
        shape = (len(self._x), len(self._cells.tile), places)
        return HostLists(shape, self.active.numpy(), self._tasks(places))

    def _tasks(self, places: int) -> list["_Task"]:
        """Return one task for so many targets of a tile in a branch as stay in a cache."""
        x, y, probability = (one.numpy() for one in (self._x, self._y, self._probability))
        xy, classes = self._cells.xy.numpy(), self._cells.class_index.numpy()
        weight = np.float32(self._distance_weight)
        ends = np.cumsum(self._cells.counts)
        return [
            functools.partial(
                _listed,
                (x[branch, tile], y[branch, tile], probability[branch, tile]),
                (xy[some], classes[some]),
                weight,
                places,
            )
            for branch in range(len(x))
            for tile, end in enumerate(ends)
            for some in _slices(int(end) - self._cells.counts[tile], int(end), _AT_ONCE_ON_HOST)
        ]


class DeviceLists:
    """Lists that a device makes and sends to the host, which may do something else meanwhile."""

    @torch.no_grad()
    def __init__(self, costs: AssignmentCosts, targets: int, places: int) -> None:
        parts = [
            costs.of(some).topk(places, dim=2, largest=False)
            for some in _slices(0, max(1, targets), _AT_ONCE_ON_DEVICE)
        ]
        listed, column = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
        self._fetched = Fetched(column, listed, costs.active)

    def wait(self) -> tuple[Ints, _Floats32, Bools]:
        """Return columns and costs, (A, S, K), ascending, and which proposals are active, (B, M)."""
        column, listed, active = self._fetched.wait()
        return column, listed, active


class HostLists:
    """Lists that threads of the host make, which leave its main thread free."""

    def __init__(
        self, shape: tuple[int, int, int], active: Bools, tasks: Sequence["_Task"]
    ) -> None:
        self._shape, self._active = shape, active
        costs = shape[0] * shape[1] * active.shape[1]
        self._results = (
            [threads().submit(task).result for task in tasks] if costs > _FEW_COSTS else list(tasks)
        )

    def wait(self) -> tuple[Ints, _Floats32, Bools]:
        """Return columns and costs, (A, S, K), ascending, and which proposals are active, (B, M)."""
        column = np.empty(self._shape, dtype=np.int64)
        listed = np.empty(self._shape, dtype=np.float32)
        places, start = self._shape[2], 0
        for result in self._results:
            columns, costs = result()
            rows = slice(start, start + len(columns))
            column.reshape(-1, places)[rows], listed.reshape(-1, places)[rows] = columns, costs
            start = rows.stop
        return column, listed, self._active


_Listed = tuple[Ints, _Floats32]
_Task = Callable[[], _Listed]


def _listed(
    proposals: tuple[_Floats32, _Floats32, _Floats32],
    targets: tuple[_Floats32, Ints],
    weight: np.float32,
    places: int,
) -> _Listed:
    """Return the shortlists of n targets from (M,) x, (M,) y and (T + 1, M) probabilities of one tile."""
    (x, y, probability), (xy, classes) = proposals, targets
    cost = x - xy[:, :1]
    cost *= cost
    down = y - xy[:, 1:]
    down *= down
    cost += down
    np.sqrt(cost, out=cost)
    cost *= weight
    cost -= probability[classes]
    return shortlist(cost, places)


def _slices(start: int, end: int, length: int) -> list[slice]:
    return [slice(first, min(end, first + length)) for first in range(start, end, length)]
