"""What tiles find, before it is merged: one row for each detection, in working pixels of the slide."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from patherea_core.points import Detections

#: A row: the tile that owns its anchor point, position, row of the taxonomy, score. The layout is that of a
#: journal on disk.
ROW = np.dtype(
    [("tile", "<u4"), ("x", "<f8"), ("y", "<f8"), ("class_index", "<u2"), ("score", "<f4")]
)

Rows: TypeAlias = npt.NDArray[Any]
"""(N,) array of ``ROW``."""


def as_detections(rows: Rows) -> Detections:
    """Return rows as detections, in working pixels."""
    return Detections(
        np.stack([rows["x"], rows["y"]], axis=1),
        rows["class_index"].astype(np.int64),
        rows["score"].astype(np.float64),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """What is kept of one batch of tiles.

    Attributes:
        batch: its number in the plan.
        count: of the detections.
        top: least y of any of them.
        bottom: largest y.
        place: where its rows lie, for whoever keeps them.
    """

    batch: int
    count: int
    top: float
    bottom: float
    place: int


def entry_of(batch: int, rows: Rows, place: int) -> Entry:
    """Return the entry of a batch's rows."""
    bounds = (float(rows["y"].min()), float(rows["y"].max())) if len(rows) else (0.0, 0.0)
    return Entry(batch, len(rows), *bounds, place)


class Found(Protocol):
    """Where the detections of the batches are kept until all are there."""

    @property
    def done(self) -> frozenset[int]:
        """The batches that are kept whole."""

    @property
    def holes(self) -> tuple[int, ...]:
        """The tiles that could not be read, by number."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is kept, by number of the batch."""

    def add(self, batch: int, rows: Rows, holes: Sequence[int]) -> None:
        """Keep what a batch found, and which of its tiles could not be read."""

    def rows(self, entry: Entry) -> Rows:
        """Return the rows of a batch."""


class KeptBatches:
    """Knows which batches are kept, for what keeps their rows; see ``Found``."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._holes: dict[int, Sequence[int]] = {}

    @property
    def done(self) -> frozenset[int]:
        """The batches that are kept whole; one with a hole is tried again."""
        return frozenset(batch for batch in self._entries if not self._holes[batch])

    @property
    def holes(self) -> tuple[int, ...]:
        """The tiles that could not be read, by number."""
        return tuple(sorted(tile for tiles in self._holes.values() for tile in tiles))

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is kept, by number of the batch."""
        return tuple(self._entries[batch] for batch in sorted(self._entries))

    def _note(self, batch: int, rows: Rows, holes: Sequence[int], place: int) -> None:
        """Note that a batch is kept, in place of what was kept of it before."""
        self._entries[batch] = entry_of(batch, rows, place)
        self._holes[batch] = holes


class FoundInMemory(KeptBatches):
    """Keeps detections in memory, for images and regions of a moderate size."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[int, Rows] = {}

    def add(self, batch: int, rows: Rows, holes: Sequence[int]) -> None:
        """Keep what a batch found, and which of its tiles could not be read."""
        self._rows[batch] = rows
        self._note(batch, rows, holes, batch)

    def rows(self, entry: Entry) -> Rows:
        """Return the rows of a batch."""
        return self._rows[entry.place]
