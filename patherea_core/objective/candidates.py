"""Short lists of the proposals that are cheapest for each target, with costs that add up exactly."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from patherea_core.geometry import Floats, Ints

Cost = TypeVar("Cost", Floats, npt.NDArray[np.float32])

#: Strips of columns for each place of a list; with so many, one in eight of what is looked at is not listed.
_STRIPS = 4
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
    """

    proposal: Ints
    cost: Floats
    claims: Ints
    tile: Ints
    bound: Floats


def on_grid(cost: Floats | npt.NDArray[np.float32]) -> Floats:
    """Return costs as float64 multiples of ``GRID``, none above ``LARGEST_COST``; infinite ones stay."""
    held = np.rint(np.minimum(cost, LARGEST_COST).astype(np.float64) / GRID) * GRID
    held[np.isposinf(cost)] = np.inf
    return held


def shortlist(cost: Cost, places: int) -> tuple[Ints, Cost]:
    """Return columns and costs of the cheapest ``places`` of every row of an (N, M) matrix, ascending.

    Args:
        cost: numbers, or infinity for what is not to be listed.
        places: at most M. Where a row has fewer numbers, the list ends with infinity.
    """
    rows, columns = cost.shape
    strips = _STRIPS * places
    if rows == 0 or columns < 4 * strips:
        order = np.argsort(cost, axis=1)[:, :places]
        return order, np.take_along_axis(cost, order, axis=1)
    # As many columns as there are places have minima up to this, so that nothing dearer can be listed,
    # and not much that is cheaper is left out: far less is sorted than by looking for the places at once.
    even = columns - columns % strips
    least = cost[:, :even].reshape(rows, -1, strips).min(axis=1)
    limit = np.partition(least, places - 1, axis=1)[:, places - 1 : places]
    near = np.flatnonzero(cost <= np.minimum(limit, np.finfo(cost.dtype).max))
    row, column = np.divmod(near, columns)
    begins = np.searchsorted(row, np.arange(rows))
    place = np.arange(len(row)) - begins[row]
    width = max(places, int(place.max(initial=-1)) + 1)
    found = np.zeros((rows, width), dtype=np.int64)
    listed = np.full((rows, width), np.inf, dtype=cost.dtype)
    found[row, place], listed[row, place] = column, cost.reshape(-1)[near]
    order = np.argsort(listed, axis=1, kind="stable")[:, :places]
    return np.take_along_axis(found, order, axis=1), np.take_along_axis(listed, order, axis=1)
