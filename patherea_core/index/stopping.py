"""When enough cells are counted: how many more make the interval as narrow as one wants."""

import math
from dataclasses import dataclass

from patherea_core.errors import InputError
from patherea_core.index.ki67 import Index
from patherea_core.index.precision import exact_interval

#: More cells than these nobody counts.
_MOST = 10**9


@dataclass(frozen=True, slots=True)
class MoreCells:
    """What counting further would take.

    Attributes:
        more: tumour cells still to count; 0 if there are enough.
        half_width: half of the interval that is wanted, a share of 1.
    """

    more: int
    half_width: float

    def __str__(self) -> str:
        """Return the advice, as a report says it."""
        points = f"{100 * self.half_width:g} points"
        return f"count {self.more:,} more cells for ± {points}" if self.more else f"± {points} met"


def more_cells(index: Index, half_width: float) -> MoreCells | None:
    """Return how many tumour cells still to count for an interval of at most twice ``half_width``.

    It supposes that the cells to come are as positive, and lie together as much, as those that were counted,
    in as many fields; the assumed part of the design effect shrinks with them. They must be other cells of
    the same kind of area: of a hotspot with all cells counted, there are none.

    Args:
        index: what was counted.
        half_width: half of the interval that is wanted, a share of 1, say 0.02 for 2 points.

    Returns:
        None where the index is undefined, and where too few cells tell how far positive ones lie together.

    Raises:
        InputError: the width is no share of 1, or would take more than 1,000,000,000 cells.
    """
    if not 0 < half_width < 0.5:
        raise InputError(
            f"half of the interval must be a share between 0 and 0.5, not {half_width}"
        )
    precision = index.precision
    if index.value is None or precision is None or not precision.known:
        return None
    share, level = index.value, index.level

    def wide(cells: int) -> bool:
        worth = cells / precision.design_effect_of(cells)
        return _width(share, worth, level) > 2 * half_width

    counted = index.tally.tumour
    low = high = counted
    while wide(high):
        low, high = high, 2 * high
        if high > _MOST:
            raise InputError(
                f"± {100 * half_width:g} points would take more than {_MOST:,} cells; ask for less"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if wide(middle) else (low, middle)
    return MoreCells(high - counted, half_width)


def _width(share: float, worth: float, level: float) -> float:
    # All cells positive must not become one that is not by rounding.
    hits = worth if math.isclose(share, 1) else share * worth
    interval = exact_interval(hits, worth, level=level)
    return interval.high - interval.low
