"""The cells of one slide, however many: parts that fit in memory, one after the other."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.geometry import Bools, Ints
from patherea_core.points import Detections

#: Cells in a part of those that are in memory anyway.
_PART = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class CellPart:
    """Some of the cells of a slide.

    Attributes:
        detections: in base pixels.
        tile: (N,) number of the tile that found each, counted from 0 in the order of the plan; -1 if unknown.
    """

    detections: Detections
    tile: Ints

    def __post_init__(self) -> None:
        if self.tile.shape != (len(self.detections),):
            raise ShapeError(
                f"tile must be ({len(self.detections)},) like the cells, not {self.tile.shape}"
            )

    def __len__(self) -> int:
        return len(self.detections)

    def take(self, rows: Bools | Ints) -> "CellPart":
        """Return the rows that a mask or an index array selects."""
        return CellPart(self.detections.take(rows), self.tile[rows])


class Cells(Protocol):
    """The cells of one slide in base pixels, which can be gone through any number of times."""

    def __len__(self) -> int:
        """How many there are."""

    def parts(self) -> Iterator[CellPart]:
        """Yield all of them, in an order that is the same every time; no part is larger than memory."""


@dataclass(frozen=True, slots=True, eq=False)
class CellsInMemory:
    """Cells that are held as arrays; see ``Cells``."""

    detections: Detections

    def __len__(self) -> int:
        return len(self.detections)

    def parts(self) -> Iterator[CellPart]:
        """Yield all of them in their order, a hundred thousand at a time."""
        for start in range(0, len(self), _PART):
            rows = np.arange(start, min(start + _PART, len(self)))
            yield CellPart(self.detections.take(rows), np.full(len(rows), -1))


def gathered(parts: Iterable[CellPart], size: int) -> Iterator[CellPart]:
    """Yield the cells of all parts in their order, ``size`` at a time; the last may be fewer, none is empty.

    No more is held than one part and ``size`` cells.
    """
    waiting: list[CellPart] = []
    count = 0
    for part in parts:
        waiting.append(part)
        count += len(part)
        if count >= size:
            whole = _joined(waiting)
            full = count - count % size
            for start in range(0, full, size):
                yield whole.take(np.arange(start, start + size))
            waiting, count = [whole.take(np.arange(full, count))], count - full
    if count:
        yield _joined(waiting)


def _joined(parts: Sequence[CellPart]) -> CellPart:
    if len(parts) == 1:
        return parts[0]
    return CellPart(
        Detections.concatenate([part.detections for part in parts]),
        np.concatenate([part.tile for part in parts]),
    )
