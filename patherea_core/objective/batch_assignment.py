"""The host's share of assigning: from the shortlists of all targets of a batch to pairs."""

import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.objective.candidates import Candidates, on_grid
from patherea_core.objective.cheapest import MOST_CLAIMED, cheapest
from patherea_core.objective.exchanges import exchange


@dataclass(frozen=True, slots=True, eq=False)
class Shortlists:
    """The cheapest proposals of the S targets of B tiles, in A branches.

    Attributes:
        column: (A, S, K) int64 rows of the M proposals.
        cost: (A, S, K) their costs, ascending; infinite for those that are not active.
        claims: (A,) proposals that each target claims in a branch.
        counts: (B,) targets of each tile; the S are in the order of the tiles.
        active: (B, M) bool.
    """

    column: Ints
    cost: Floats
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


WholeCost = Callable[[int, slice], Floats]
_Found = tuple[Ints, Ints]


def solve(lists: Shortlists, whole_cost: WholeCost) -> list[Pairs]:
    """Return the cheapest assignment of each branch, in every tile.

    Args:
        lists: what most tiles can be decided on.
        whole_cost: gives the (N, M) costs in a branch for a slice of the targets. It is asked about the
            few tiles that shortlists cannot prove, or where proposals are scarce.
    """
    branches, targets, _ = lists.cost.shape
    claimed = (lists.claims[:, np.newaxis] * lists.counts).reshape(-1)
    offered = np.tile(np.count_nonzero(lists.active, axis=1), branches)
    open_tiles = (claimed > MOST_CLAIMED * offered) & (offered > 0)
    # A tile of one branch and the same tile of another share nothing, and count as two.
    tile = np.repeat(np.arange(len(claimed)), np.tile(lists.counts, branches))
    rows = np.flatnonzero(~open_tiles[tile] & (offered[tile] > 0))
    quick, unsettled = _from_lists(lists, rows, tile[rows])
    open_tiles[unsettled] = True
    one = functools.partial(_from_whole_cost, lists, whole_cost)
    slow = _threads().map(one, np.flatnonzero(open_tiles & (claimed > 0)).tolist())
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
    """Return the pairs of one tile of one branch."""
    branch, tile = divmod(number, len(lists.counts))
    end = int(lists.counts[: tile + 1].sum())
    start = end - int(lists.counts[tile])
    active = np.flatnonzero(lists.active[tile])
    cost = whole_cost(branch, slice(start, end))[:, active]
    proposal, target = cheapest(cost, int(lists.claims[branch]))
    return branch * int(lists.counts.sum()) + start + target, active[proposal]


@functools.cache
def _threads() -> ThreadPoolExecutor:
    """Return threads that live on; SciPy's solver and most of NumPy let others run meanwhile."""
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="assignment")
