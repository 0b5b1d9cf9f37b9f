"""The host's share of assigning: from the shortlists of all targets of a batch to pairs."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.objective.candidates import Candidates, on_grid
from patherea_core.objective.exchanges import exchange
from patherea_core.objective.transfer import threads

#: Share of the proposals that is claimed beyond which hardly one is free: chains of exchanges get long, and
#: the dense method is faster.
MOST_CLAIMED = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Shortlists:
    """The cheapest proposals of the S targets of B tiles, in A branches.

    Attributes:
        column: (A, S, K) int64 rows of the M proposals.
        cost: (A, S, K) their costs, of 32 bits, ascending; infinite for those that are not active.
        claims: (A,) proposals that each target claims in a branch.
        counts: (B,) targets of each tile; the S are in the order of the tiles.
        active: (B, M) bool.
    """

    column: Ints
    cost: npt.NDArray[np.float32]
    claims: Ints
    counts: Ints
    active: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Assigned proposals of one branch, in the order of their targets.

    Attributes:
        target: (P,) rows of the S targets.
        proposal: (P,) rows of the M proposals.
    """

    target: Ints
    proposal: Ints


#: Gives the (N, M) costs in a branch for a slice of the targets.
WholeCost = Callable[[int, slice], Floats]
_Found = tuple[Ints, Ints]


def solve(lists: Shortlists, whole_cost: WholeCost) -> list[Pairs]:
    """Return the cheapest assignment of each branch, in every tile.

    With more claims than active proposals in a tile, all of these are assigned.

    Args:
        lists: what most tiles can be decided on.
        whole_cost: asked about the few tiles for which lists are no proof, or hardly a proposal is free.
    """
    branches, targets, _ = lists.cost.shape
    claimed = (lists.claims[:, np.newaxis] * lists.counts).reshape(-1)
    offered = np.tile(np.count_nonzero(lists.active, axis=1), branches)
    dense = claimed > MOST_CLAIMED * offered
    # A tile of one branch and the same tile of another share nothing, and count as two.
    tile = np.repeat(np.arange(len(claimed)), np.tile(lists.counts, branches))
    rows = np.flatnonzero(~dense[tile])
    quick, unsettled = _from_lists(lists, rows, tile[rows])
    dense[unsettled] = True
    one = functools.partial(_from_whole_cost, lists, whole_cost)
    slow = threads().map(one, np.flatnonzero(dense & (offered > 0)).tolist())
    row, proposal = map(np.concatenate, zip(quick, *slow, strict=True))
    order = np.argsort(row, kind="stable")
    row, proposal = row[order], proposal[order]
    ends = np.searchsorted(row, targets * np.arange(branches + 1))
    return [
        Pairs(row[start:end] - branch * targets, proposal[start:end])
        for branch, (start, end) in enumerate(itertools.pairwise(ends))
    ]


def _from_lists(lists: Shortlists, rows: Ints, tile: Ints) -> tuple[_Found, Ints]:
    """Return the pairs of those of some rows that are settled, and the tiles that are not."""
    _, targets, places = lists.cost.shape
    proposals = lists.active.shape[1]
    column = lists.column.reshape(-1, places)[rows]
    cost = on_grid(lists.cost.reshape(-1, places)[rows])
    # Where fewer are active than the list has places, it ends with infinity and nothing was left out.
    bound = cost[:, -1] if places < proposals else np.full(len(rows), np.inf)
    claims = np.repeat(lists.claims, targets)[rows]
    given = Candidates(column + proposals * tile[:, np.newaxis], cost, claims, tile, bound)
    owned, settled = exchange(given)
    row, place = np.nonzero(owned & settled[tile][:, np.newaxis])
    return (rows[row], column[row, place]), tile[~settled[tile]]


def _from_whole_cost(lists: Shortlists, whole_cost: WholeCost, number: int) -> _Found:
    """Return the pairs of one tile of one branch, by the Hungarian algorithm on repeated rows."""
    branch, tile = divmod(number, len(lists.counts))
    end = int(lists.counts[: tile + 1].sum())
    targets = np.arange(end - lists.counts[tile], end)
    active = np.flatnonzero(lists.active[tile])
    cost = whole_cost(branch, slice(end - len(targets), end))[:, active]
    repeated = np.repeat(np.arange(len(targets)), lists.claims[branch])
    copies, chosen = linear_sum_assignment(cost[repeated])
    return branch * int(lists.counts.sum()) + targets[repeated[copies]], active[chosen]
