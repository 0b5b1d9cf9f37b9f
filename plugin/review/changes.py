"""What a reviewer did to the detections of a run: accepted, moved, relabelled, deleted, added. Pure.

A cell is first known by the id of its element, which the archive keeps through every edit. Where an id is
lost (the whole annotation was pushed again, or its points were copied into another one) cells are known
by their place: those of one class first, then those of any, as many pairs within the radius as there can
be, and of those the closest. So a point that was deleted and set anew beside counts as moved, and one
that was dragged farther than the radius as deleted there and added here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import outcomes
from patherea_core.geometry import Bools, Floats, Ints
from plugin.review.state import State

#: What can become of a cell, by its number in ``Changes.kind``.
KINDS = ("accepted", "moved", "relabelled", "deleted", "added")

#: Base pixels by which a position may differ because it was written with one decimal: twice the rounding.
_STILL = 0.1 + 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """Every cell of a run and every cell that a reviewer added, C in all; positions in base pixels.

    Attributes:
        pushed: what the model found.
        reviewed: what the reviewer left.
        before: (C,) row of the cell in ``pushed``; -1 if it was added.
        after: (C,) row of the cell in ``reviewed``; -1 if it was deleted.
        by_place: (C,) whether it is known again by its place only.
    """

    pushed: State
    reviewed: State
    before: Ints
    after: Ints
    by_place: Bools

    def __len__(self) -> int:
        return len(self.before)

    @property
    def kept(self) -> Bools:
        """(C,) whether the cell is in both."""
        return (self.before >= 0) & (self.after >= 0)

    @property
    def class_before(self) -> Ints:
        """(C,) the class that the model gave; -1 if the cell was added."""
        return _taken(self.pushed.cells.class_index, self.before)

    @property
    def class_after(self) -> Ints:
        """(C,) the class that the reviewer left; -1 if the cell was deleted."""
        return _taken(self.reviewed.cells.class_index, self.after)

    @property
    def xy(self) -> Floats:
        """(C, 2) where the reviewer left the cell; where the model saw it if it was deleted."""
        found: Floats = np.where(
            (self.after >= 0)[:, None],
            _rows(self.reviewed.cells.xy, self.after),
            _rows(self.pushed.cells.xy, self.before),
        )
        return found

    @property
    def distance(self) -> Floats:
        """(C,) how far the cell was moved; NaN if it is not in both."""
        gap = _rows(self.reviewed.cells.xy, self.after) - _rows(self.pushed.cells.xy, self.before)
        return np.where(self.kept, np.hypot(gap[:, 0], gap[:, 1]), np.nan)

    @property
    def was_moved(self) -> Bools:
        """(C,) whether the cell is in both and lies elsewhere, whatever its class."""
        with np.errstate(invalid="ignore"):
            moved: Bools = self.distance > _STILL
        return moved

    @property
    def kind(self) -> Ints:
        """(C,) what became of each cell, as a row of ``KINDS``; relabelled goes before moved."""
        relabelled = self.kept & (self.class_before != self.class_after)
        return np.select(
            [self.after < 0, self.before < 0, relabelled, self.was_moved], [3, 4, 2, 1], 0
        ).astype(np.int64)

    @property
    def element_ids(self) -> tuple[str, ...]:
        """The element of each cell: the reviewer's, or the run's if the cell was deleted."""
        return tuple(
            self.reviewed.ids[after] if after >= 0 else self.pushed.ids[before]
            for before, after in zip(self.before.tolist(), self.after.tolist(), strict=True)
        )

    def take(self, rows: Bools | Ints) -> "Changes":
        """Return the cells that a mask or an index array selects."""
        return Changes(
            self.pushed, self.reviewed, self.before[rows], self.after[rows], self.by_place[rows]
        )


def compare(pushed: State, reviewed: State, class_count: int, radius: float) -> Changes:
    """Return what became of every cell.

    The cells of the run come first, in their order, then those that were added, in theirs.

    Args:
        pushed: what the model found.
        reviewed: what the reviewer left.
        class_count: number of classes (T).
        radius: base pixels within which two positions are one cell (r).

    Raises:
        InputError: the radius is no positive number.
    """
    partner = _by_id(pushed, reviewed, radius)
    known = partner >= 0
    _pair_by_place(partner, pushed, reviewed, class_count, radius)
    added = np.setdiff1d(np.arange(len(reviewed)), partner)
    nobody = np.full(len(added), -1, dtype=np.int64)
    return Changes(
        pushed=pushed,
        reviewed=reviewed,
        before=np.concatenate([np.arange(len(pushed)), nobody]),
        after=np.concatenate([partner, added]),
        by_place=np.concatenate([(partner >= 0) & ~known, np.zeros(len(added), dtype=np.bool_)]),
    )


def _by_id(pushed: State, reviewed: State, radius: float) -> Ints:
    """Return (P,) the row of the reviewer's cell with the same id, not farther than the radius; else -1."""
    row_of = _unique_rows(reviewed.ids)
    partner = np.full(len(pushed), -1, dtype=np.int64)
    for name, row in _unique_rows(pushed.ids).items():
        partner[row] = row_of.get(name, -1)
    gap = _rows(reviewed.cells.xy, partner) - pushed.cells.xy
    partner[np.hypot(gap[:, 0], gap[:, 1]) > radius] = -1
    return partner


def _unique_rows(ids: Sequence[str]) -> dict[str, int]:
    """Return the first row of every id; an element without one is none."""
    found: dict[str, int] = {}
    for row, name in enumerate(ids):
        if name:
            found.setdefault(name, row)
    return found


def _pair_by_place(
    partner: Ints, pushed: State, reviewed: State, class_count: int, radius: float
) -> None:
    """Write into (P,) ``partner`` which of the cells that no id names are one, by their places."""
    lost = np.flatnonzero(partner < 0)
    free = np.setdiff1d(np.arange(len(reviewed)), partner)
    field = Field("review", pushed.cells.take(lost), reviewed.cells.take(free).as_points())
    found = outcomes(field, class_count, radius)
    for rows in (found.partner, found.taken_for):
        paired = np.flatnonzero(rows >= 0)
        partner[lost[rows[paired]]] = free[paired]


def _taken(values: Ints, rows: Ints) -> Ints:
    """Return the values at some rows, -1 where there is no row."""
    if not len(values):
        return np.full(len(rows), -1, dtype=np.int64)
    return np.where(rows >= 0, values[np.maximum(rows, 0)], -1)


def _rows(xy: Floats, rows: Ints) -> Floats:
    """Return the positions at some rows; what stands where there is no row is of no use."""
    return xy[np.maximum(rows, 0)] if len(xy) else np.zeros((len(rows), 2))
