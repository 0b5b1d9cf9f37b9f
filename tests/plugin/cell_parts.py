"""Cells in parts of odd sizes, as tiles give them, some of which are empty."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from patherea_core.cells import CellPart
from patherea_core.geometry import Floats
from patherea_core.points import Detections


@dataclass(frozen=True, slots=True, eq=False)
class Shredded:
    """Cells that come a few at a time; the first cells of tile n are followed by those of tile n + 1."""

    detections: Detections
    sizes: tuple[int, ...] = (3, 0, 1, 7)

    def __len__(self) -> int:
        return len(self.detections)

    def parts(self) -> Iterator[CellPart]:
        """Yield the cells in their order."""
        start, tile = 0, 0
        while start < len(self):
            rows = np.arange(start, min(start + self.sizes[tile % len(self.sizes)], len(self)))
            yield CellPart(self.detections.take(rows), np.full(len(rows), tile))
            start, tile = start + len(rows), tile + 1


@dataclass(slots=True, eq=False)
class Watched:
    """Cells of which it is known how many parts were held at once.

    Attributes:
        count: how many there are.
        size: cells of a part.
        most: parts that were held at once when another one was asked for.
    """

    count: int
    size: int = 10
    most: int = 0

    def __len__(self) -> int:
        return self.count

    def parts(self) -> Iterator[CellPart]:
        """Yield cells that are made when they are asked for."""
        given: list[weakref.ref[Floats]] = []
        for start in range(0, self.count, self.size):
            x = np.arange(start, min(start + self.size, self.count), dtype=np.float64)
            none = np.zeros(len(x), dtype=np.int64)
            xy = np.stack([x, x], axis=1)
            given.append(weakref.ref(xy))
            part = CellPart(Detections(xy, none, np.ones(len(x))), none)
            del xy
            yield part
            del part
            self.most = max(self.most, sum(reference() is not None for reference in given))


@dataclass(frozen=True, slots=True, eq=False)
class Broken:
    """Cells of which some can be read, and then no more."""

    detections: Detections

    def __len__(self) -> int:
        return 2 * len(self.detections)

    def parts(self) -> Iterator[CellPart]:
        """Yield the first half of the cells, and then fail.

        Raises:
            ValueError: always.
        """
        yield CellPart(self.detections, np.zeros(len(self.detections), dtype=np.int64))
        raise ValueError("the journal ends here")


def some_cells(count: int, class_count: int = 2, side: float = 1000) -> Detections:
    """Return cells at hundredths of a pixel with scores of four digits, the same ones each time."""
    random = np.random.default_rng(count)
    return Detections(
        np.round(random.uniform(0, side, (count, 2)), 2),
        random.integers(class_count, size=count),
        np.round(random.uniform(size=count), 4),
    )
