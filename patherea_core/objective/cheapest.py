"""The cheapest assignment for the whole cost matrix of one tile."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from patherea_core.geometry import Floats, Ints
from patherea_core.objective.candidates import Candidates, on_grid, shortlist
from patherea_core.objective.exchanges import exchange

#: Share of the proposals that is claimed beyond which hardly one is free: chains get long, and the dense
#: method is faster, up to the point where most targets get far less than they claim.
MOST_CLAIMED = 0.75
_SCARCE = 1.33
_SHORTEST_LIST = 64


def cheapest(cost: Floats, proposals_per_target: int) -> tuple[Ints, Ints]:
    """Return the (proposals, targets) of the cheapest assignment for an (N, M) cost of finite numbers.

    Every target claims ``proposals_per_target`` (β) proposals of its own, each proposal serves one
    target. With β · N > M all M proposals are assigned, to a target at most β. The total cost is that of
    the cost matrix with every row repeated β times, solved by the Hungarian algorithm (paper, section 3.2).
    """
    cost = on_grid(cost)
    claimed, offered = proposals_per_target * len(cost), cost.shape[1]
    if not MOST_CLAIMED * offered < claimed < _SCARCE * offered:
        scarce = claimed > offered
        # Where proposals are scarce, they choose among the targets.
        claims, capacity = (1, proposals_per_target) if scarce else (proposals_per_target, 1)
        found = _by_exchange(cost.T if scarce else cost, claims, capacity)
        if found is not None:
            return found if scarce else (found[1], found[0])
    return dense(cost, proposals_per_target)


def dense(cost: Floats, proposals_per_target: int) -> tuple[Ints, Ints]:
    """Return the same, by the Hungarian algorithm on the repeated rows."""
    repeated = np.repeat(np.arange(len(cost)), proposals_per_target)
    copies, proposals = linear_sum_assignment(cost[repeated])
    return proposals, repeated[copies]


def _by_exchange(cost: Floats, claims: int, capacity: int) -> tuple[Ints, Ints] | None:
    """Return rows and columns of the cheapest assignment; None if lists of the cheapest do not prove it."""
    rows, columns = cost.shape
    places = min(columns, 24 * claims + _SHORTEST_LIST)
    column, listed = shortlist(cost, places)
    bound = listed[:, -1] if places < columns else np.full(rows, np.inf)
    tile = np.zeros(rows, dtype=np.int64)
    given = Candidates(column, listed, np.full(rows, claims), tile, bound, capacity)
    owned, settled = exchange(given)
    if not settled.all():
        return None
    row, place = np.nonzero(owned)
    return row, column[row, place]
