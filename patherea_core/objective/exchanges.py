"""The cheapest assignment on short lists of candidates, by exchanging the proposals that are contested.

Every target begins with the proposals that are cheapest for it. Only where two targets want the same one
is there anything to solve: one of them lets go of it and takes its next best, if need be from a third
target, which goes on in the same way, until one takes a proposal that nobody owns. Along cheapest such
chains this is the method of successive shortest paths for flows of least cost. Chains that share no
proposal are taken in one round, those of all tiles at once: what another chain left alone is as cheap as
before, and chains never get cheaper, so each of them is still a cheapest one.

Why a short list is enough. Let u of a target be the cost of its cheapest chain to one proposal more, and
−v of a proposal what its cheapest owner would pay for letting it go, 0 where it is free. These are optimal
dual prices on the lists, and v ≤ 0. A proposal outside of a target's list costs at least as much as the
last one on it. So if u is not above that last cost, cost − u − v is not negative for what was left out
either: the prices are feasible for all proposals, and the assignment is the cheapest of all. u only grows
from round to round, so a list that is too short is noticed early.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.objective.candidates import Candidates

#: Rounds after which a tile is so crowded that the dense method is faster.
_MOST_ROUNDS = 48


class Exchanged(NamedTuple):
    """Who owns what in the end.

    Attributes:
        owned: (R, K) bool, the candidates that their target owns.
        settled: (tiles,) bool, where that is the answer: every target owns what it claims, no proposal
            has more owners than its capacity, and nothing is cheaper, whether on the lists or not.
    """

    owned: Bools
    settled: Bools


def exchange(candidates: Candidates) -> Exchanged:
    """Return the cheapest assignment, wherever it is found on the lists and proven to be it."""
    ownership = _Ownership(candidates)
    settled = np.zeros(int(candidates.tile.max(initial=-1)) + 1, dtype=np.bool_)
    settled[candidates.tile] = True
    rows = np.arange(len(candidates.tile))
    for _ in range(_MOST_ROUNDS):
        view = ownership.contested(rows)
        if len(view.rows) == 0:
            return Exchanged(ownership.owned, settled)
        crowded, lost = ownership.improve(view)
        settled[lost] = False
        rows = view.rows[np.isin(candidates.tile[view.rows], np.setdiff1d(crowded, lost))]
    settled[candidates.tile[rows]] = False
    return Exchanged(ownership.owned, settled)


@dataclass(slots=True, eq=False)
class _View:
    """The n targets of the tiles that are not settled. Entries count the (R, K) candidates row by row.

    Attributes:
        rows: (n,) rows of the candidates.
        free: (n,) entry of the cheapest candidate with capacity left; −1 without one.
        distance: (n,) cost of the cheapest chain to one proposal more; at first that of ``free``.
        wanted, wanted_row: the entries cheaper than ``free`` that others own, and their rows of the view.
        owned, owned_row: the entries that their target owns, in the order of the proposals.
        heads: where the next proposal begins among ``owned``.
        slot: for each of ``wanted``, which of these proposals it is.
    """

    rows: Ints
    free: Ints
    distance: Floats
    wanted: Ints
    wanted_row: Ints
    owned: Ints
    owned_row: Ints
    heads: Ints
    slot: Ints


class _Chains(NamedTuple):
    """How every target of a view gets one proposal more, and who lets go of a proposal.

    Attributes:
        taken: (n,) the entry that a target takes; −1 if there is none.
        next_giver: (n,) the one of ``owned`` that is let go for it; −1 if it is free.
        giver: for each owned proposal the one of ``owned`` whose target lets go at the least cost.
        price: for each owned proposal that cost.
    """

    taken: Ints
    next_giver: Ints
    giver: Ints
    price: Floats


class _Ownership:
    """Who owns which candidate, while it changes."""

    def __init__(self, given: Candidates) -> None:
        """Give each target the candidates that are cheapest for it."""
        self.given = given
        self.places = given.proposal.shape[1]
        self.owned = np.arange(self.places) < given.claims[:, np.newaxis]
        self._is_owned = self.owned.reshape(-1)
        self._proposal, self._cost = given.proposal.reshape(-1), given.cost.reshape(-1)
        count = int(self._proposal.max(initial=-1)) + 1
        self.owners = np.bincount(self._proposal[self._is_owned], minlength=count)

    def contested(self, rows: Ints) -> _View:
        """Return a view of those tiles of the rows in which there is something to exchange or to prove."""
        given, places = self.given, self.places
        owned, owners = self.owned[rows], self.owners[given.proposal[rows]]
        free = ~owned & (owners < given.capacity)
        first = free.argmax(axis=1)
        found = free[np.arange(len(rows)), first]
        # A free candidate on the list is a chain that proves it long enough.
        doubtful = ~found & np.isfinite(given.bound[rows])
        doubtful |= (owned & (owners > given.capacity)).any(axis=1)
        contested = np.zeros(int(given.tile.max(initial=-1)) + 1, dtype=np.bool_)
        contested[given.tile[rows[doubtful]]] = True
        kept = np.flatnonzero(contested[given.tile[rows]])
        rows, found, first, owned = rows[kept], found[kept], first[kept], owned[kept]
        end = np.where(found, first, places)
        wanted_row, wanted_place = np.nonzero(~owned & (np.arange(places) < end[:, np.newaxis]))
        owned_row, owned_place = np.nonzero(owned)
        mine = rows[owned_row] * places + owned_place
        order = np.argsort(self._proposal[mine], kind="stable")
        proposal = self._proposal[mine][order]
        heads = np.flatnonzero(np.diff(proposal, prepend=-1))
        wanted = rows[wanted_row] * places + wanted_place
        free_entry = np.where(found, rows * places + first, -1)
        return _View(
            rows=rows,
            free=free_entry,
            distance=np.where(found, self._cost[free_entry], np.inf),
            wanted=wanted,
            wanted_row=wanted_row,
            owned=mine[order],
            owned_row=owned_row[order],
            heads=heads,
            slot=np.searchsorted(proposal[heads], self._proposal[wanted]),
        )

    def improve(self, view: _View) -> tuple[Ints, Ints]:
        """Exchange along chains that share no proposal, where a proposal has too many owners.

        Returns:
            The tiles where one had, and those whose lists are too short or whose chains have no end.
        """
        chains = self._cheapest_chains(view)
        tiles = self.given.tile[view.rows]
        if chains is None:
            return tiles, tiles
        too_short = view.distance > self.given.bound[view.rows]
        owners = np.diff(view.heads, append=len(view.owned))
        too_many = np.flatnonzero(owners > self.given.capacity)
        first = chains.giver[too_many]
        stuck = np.isinf(chains.price[too_many])
        lost = np.concatenate([tiles[too_short], tiles[view.owned_row[first[stuck]]]])
        crowded = tiles[view.owned_row[first]]
        first = first[~np.isin(crowded, lost)]
        if len(first):
            self._follow(view, chains, first)
        return crowded, lost

    def _cheapest_chains(self, view: _View) -> _Chains | None:
        """Lower the view's distances to the cheapest chains (Bellman and Ford); None if that has no end."""
        asked, paid = self._cost[view.wanted], self._cost[view.owned]
        starts = np.flatnonzero(np.diff(view.wanted_row, prepend=-1))
        who = view.wanted_row[starts]
        # The step at which a distance was found: a chain leads to ever earlier ones, so it has no circle.
        level = np.zeros(len(view.rows), dtype=np.int64)
        for step in range(1, len(view.rows) + 2):
            price = np.minimum.reduceat(view.distance[view.owned_row] - paid, view.heads)
            reach = asked + price[view.slot]
            if len(starts) == 0:
                break
            best = np.minimum.reduceat(reach, starts)
            nearer = best < view.distance[who]
            if not nearer.any():
                break
            view.distance[who[nearer]] = best[nearer]
            level[who[nearer]] = step
        else:
            return None
        return self._pointers(view, level, price, reach)

    def _pointers(self, view: _View, level: Ints, price: Floats, reach: Floats) -> _Chains:
        let_go = view.distance[view.owned_row] - self._cost[view.owned]
        group = np.repeat(np.arange(len(view.heads)), np.diff(view.heads, append=len(view.owned)))
        giver = np.lexsort((level[view.owned_row], let_go, group))[view.heads]
        giver_of_wanted = giver[view.slot]
        leads = reach == view.distance[view.wanted_row]
        leads &= level[view.owned_row[giver_of_wanted]] < level[view.wanted_row]
        leads &= level[view.wanted_row] > 0
        # Written backwards, so that the first of equals stays.
        chosen = np.flatnonzero(leads)[::-1]
        taken, next_giver = view.free.copy(), np.full(len(view.rows), -1)
        taken[view.wanted_row[chosen]] = view.wanted[chosen]
        next_giver[view.wanted_row[chosen]] = giver_of_wanted[chosen]
        return _Chains(taken, next_giver, giver, price)

    def _follow(self, view: _View, chains: _Chains, giver: Ints) -> None:
        """Exchange along the chains that begin with these of ``owned``, each if it is unhindered."""
        chain = np.arange(len(giver))
        # One row for each exchange: the chain, the entry let go and the entry taken instead.
        steps: list[tuple[Ints, Ints, Ints]] = []
        while len(giver):
            row = view.owned_row[giver]
            steps.append((chain, view.owned[giver], chains.taken[row]))
            giver = chains.next_giver[row]
            chain, giver = chain[giver >= 0], giver[giver >= 0]
        number, given, taken = (np.concatenate(parts) for parts in zip(*steps, strict=True))
        begins = slice(0, len(steps[0][0]))
        touched = self._proposal[np.concatenate([given[begins], taken])]
        kept = _unhindered(touched, np.concatenate([number[begins], number]), begins.stop)[number]
        given, taken = given[kept], taken[kept]
        self._is_owned[given] = False
        self._is_owned[taken] = True
        # Each proposal is let go once and taken once at most.
        self.owners[self._proposal[given]] -= 1
        self.owners[self._proposal[taken]] += 1


def _unhindered(touched: Ints, chain: Ints, count: int) -> Bools:
    """Return which of so many chains are the first one at every proposal that they touch."""
    order = np.lexsort((chain, touched))
    again = np.diff(touched[order], prepend=-1) == 0
    kept = np.ones(count, dtype=np.bool_)
    kept[chain[order][again]] = False
    return kept
