"""Who owns which candidate while targets exchange them, and the cheapest chains of such exchanges.

``exchanges.py`` says what for. All steps are array operations over the targets of many tiles at once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.objective.candidates import Candidates

#: Places of a list for each claim, and others, that are looked at before it is known that more are needed.
_PLACES_PER_CLAIM, _SPARE_PLACES = 4, 16


@dataclass(slots=True, eq=False)
class View:
    """The n targets of the tiles that are not settled. Entries count the (R, K) candidates row by row.

    Attributes:
        rows: (n,) rows of the candidates.
        free: (n,) entry of the cheapest candidate that nobody owns; −1 without one.
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


class Chains(NamedTuple):
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


class Ownership:
    """Who owns which candidate, while it changes."""

    def __init__(self, given: Candidates) -> None:
        """Give each target the candidates that are cheapest for it."""
        self.given = given
        self.places = given.proposal.shape[1]
        self.owned = np.arange(self.places) < given.claims[:, np.newaxis]
        self._is_owned = self.owned.reshape(-1)
        #: How much of its list a target looks at; as much as has to be is proven, and what is short is quick.
        self.reach = np.minimum(self.places, _PLACES_PER_CLAIM * given.claims + _SPARE_PLACES)
        self._proposal, self._cost = given.proposal.reshape(-1), given.cost.reshape(-1)
        count = int(self._proposal.max(initial=-1)) + 1
        self.owners = np.bincount(self._proposal[self._is_owned], minlength=count)
        self._slot = np.empty(count, dtype=np.int64)

    def contested(self, rows: Ints) -> View:
        """Return a view of those tiles of the rows in which there is something to exchange or to prove."""
        given, reach = self.given, self.reach[rows]
        places = np.arange(reach.max(initial=1))
        owned = self.owned[rows, : len(places)]
        owners = self.owners[given.proposal[rows, : len(places)]]
        free = (owners == 0) & (places < reach[:, np.newaxis])
        first = free.argmax(axis=1)
        found = free[np.arange(len(rows)), first]
        distance = np.where(found, given.cost[rows, first], np.inf)
        # A free candidate is a chain of its own, and proves the list long enough.
        doubtful = distance > self._bound(rows)
        doubtful |= (owned & (owners > 1)).any(axis=1)
        contested = np.zeros(int(given.tile.max(initial=-1)) + 1, dtype=np.bool_)
        contested[given.tile[rows[doubtful]]] = True
        kept = np.flatnonzero(contested[given.tile[rows]])
        rows, found, first, owned = rows[kept], found[kept], first[kept], owned[kept]
        end = np.where(found, first, reach[kept])
        wanted_row, wanted = self._entries(rows, ~owned & (places < end[:, np.newaxis]))
        owned_row, mine = self._entries(rows, owned)
        order = np.argsort(self._proposal[mine] * len(rows) + owned_row)
        proposal = self._proposal[mine[order]]
        heads = np.flatnonzero(np.diff(proposal, prepend=-1))
        self._slot[proposal[heads]] = np.arange(len(heads))
        return View(
            rows=rows,
            free=np.where(found, rows * self.places + first, -1),
            distance=distance[kept],
            wanted=wanted,
            wanted_row=wanted_row,
            owned=mine[order],
            owned_row=owned_row[order],
            heads=heads,
            slot=self._slot[self._proposal[wanted]],
        )

    def _entries(self, rows: Ints, chosen: Bools) -> tuple[Ints, Ints]:
        """Return the rows of a view and the entries where a mask of its first places is true."""
        row, place = np.divmod(np.flatnonzero(chosen), chosen.shape[1])
        return row, rows[row] * self.places + place

    def improve(self, view: View) -> tuple[Ints, Ints]:
        """Exchange along chains that share no proposal, where a proposal has too many owners.

        Returns:
            The tiles that are not done, and those whose lists are too short or whose chains have no end.
        """
        chains = self._cheapest_chains(view)
        tiles = self.given.tile[view.rows]
        if chains is None:
            return tiles, tiles
        too_short = view.distance > self._bound(view.rows)
        longer = too_short & (self.reach[view.rows] < self.places)
        self.reach[view.rows[longer]] = np.minimum(self.places, 2 * self.reach[view.rows[longer]])
        owners = np.diff(view.heads, append=len(view.owned))
        too_many = np.flatnonzero(owners > 1)
        first = chains.giver[too_many]
        stuck = np.isinf(chains.price[too_many])
        # Where a target looks further now, there may be cheaper chains.
        again = tiles[longer]
        lost = np.concatenate([tiles[too_short & ~longer], tiles[view.owned_row[first[stuck]]]])
        lost = lost[~np.isin(lost, again)]
        crowded = tiles[view.owned_row[first]]
        first = first[~np.isin(crowded, np.concatenate([again, lost]))]
        if len(first):
            self._follow(view, chains, first)
        return np.concatenate([crowded, again]), lost

    def _bound(self, rows: Ints) -> Floats:
        """Return the least that a proposal costs at which a target does not look."""
        reach = self.reach[rows]
        beyond = self.given.cost[rows, np.minimum(reach, self.places - 1)]
        return np.minimum(self.given.bound[rows], np.where(reach < self.places, beyond, np.inf))

    def _cheapest_chains(self, view: View) -> Chains | None:
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

    def _pointers(self, view: View, level: Ints, price: Floats, reach: Floats) -> Chains:
        # Of the owners that let go at the least cost, the one that was found first.
        owners = np.diff(view.heads, append=len(view.owned))
        dearer = view.distance[view.owned_row] - self._cost[view.owned] > np.repeat(price, owners)
        rank = np.where(dearer, len(level) + 2, level[view.owned_row]) * len(view.owned)
        rank += np.arange(len(view.owned))
        giver = np.minimum.reduceat(rank, view.heads) % len(view.owned)
        giver_of_wanted = giver[view.slot]
        leads = reach == view.distance[view.wanted_row]
        leads &= level[view.owned_row[giver_of_wanted]] < level[view.wanted_row]
        leads &= level[view.wanted_row] > 0
        # Written backwards, so that the first of equals stays.
        chosen = np.flatnonzero(leads)[::-1]
        taken, next_giver = view.free.copy(), np.full(len(view.rows), -1)
        taken[view.wanted_row[chosen]] = view.wanted[chosen]
        next_giver[view.wanted_row[chosen]] = giver_of_wanted[chosen]
        return Chains(taken, next_giver, giver, price)

    def _follow(self, view: View, chains: Chains, giver: Ints) -> None:
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
