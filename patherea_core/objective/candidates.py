"""Short lists of the proposals that are cheapest for each target, with costs that add up exactly."""

from dataclasses import dataclass

import numpy as np

from patherea_core.geometry import Floats, Ints

#: Costs are held to multiples of this, so that sums and differences of them are exact and equal costs tie.
#: A float32 of 2⁻¹³ or more is such a multiple already.
GRID = 2.0**-36
#: No cost counts as more, since larger ones lose digits of the grid; a million pixels at τ = 0.05.
LARGEST_COST = 2.0**16


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The cheapest proposals of R targets, K for each.

    Attributes:
        proposal: (R, K) int64; those of different tiles have different numbers.
        cost: (R, K) multiples of ``GRID``, ascending; infinite where there is no further proposal.
        claims: (R,) proposals that each target claims; so many of its costs are finite.
        tile: (R,) int64 tile of each target.
        bound: (R,) the least that a proposal outside of the list can cost; infinite if there is none.
        capacity: how many targets may own a proposal.
    """

    proposal: Ints
    cost: Floats
    claims: Ints
    tile: Ints
    bound: Floats
    capacity: int = 1


def on_grid(cost: Floats) -> Floats:
    """Return costs as float64 multiples of ``GRID``, none above ``LARGEST_COST``; infinite ones stay."""
    held = np.rint(np.minimum(cost, LARGEST_COST).astype(np.float64) / GRID) * GRID
    held[np.isposinf(cost)] = np.inf
    return held


def shortlist(cost: Floats, places: int) -> tuple[Ints, Floats]:
    """Return the columns and costs of the cheapest ``places`` of every row of a matrix, ascending."""
    if places < cost.shape[1]:
        column = np.argpartition(cost, places - 1, axis=1)[:, :places]
    else:
        column = np.broadcast_to(np.arange(cost.shape[1]), cost.shape)
    listed = np.take_along_axis(cost, column, axis=1)
    order = np.argsort(listed, axis=1, kind="stable")
    return np.take_along_axis(column, order, axis=1), np.take_along_axis(listed, order, axis=1)
