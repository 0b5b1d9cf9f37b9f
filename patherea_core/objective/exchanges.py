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

from typing import NamedTuple

import numpy as np

from patherea_core.geometry import Bools
from patherea_core.objective.candidates import Candidates
from patherea_core.objective.ownership import Ownership

#: Rounds after which a tile is so crowded that the dense method is faster.
_MOST_ROUNDS = 100


class Exchanged(NamedTuple):
    """Who owns what in the end.

    Attributes:
        owned: (R, K) bool, the candidates that their target owns.
        settled: (tiles,) bool, where that is the answer: every target owns what it claims, no proposal
            has two owners, and nothing is cheaper, whether on the lists or not.
    """

    owned: Bools
    settled: Bools


def exchange(candidates: Candidates) -> Exchanged:
    """Return the cheapest assignment, wherever it is found on the lists and proven to be it."""
    ownership = Ownership(candidates)
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
