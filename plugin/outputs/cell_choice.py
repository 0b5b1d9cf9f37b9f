"""Some of the cells of a slide: those of a class, or those that are likely enough; none is held in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from patherea_core.cells import CellPart, Cells
from patherea_core.geometry import Bools, Floats
from patherea_core.points import Detections

#: Tells of (N,) detections which of them are wanted.
Choice = Callable[[Detections], Bools]


@dataclass(frozen=True, slots=True, eq=False)
class ChosenCells:
    """The cells of a slide that are wanted, in the order of all; see ``Cells``.

    Attributes:
        cells: all of them.
        choice: tells which are wanted.
        count: how many those are.
    """

    cells: Cells
    choice: Choice
    count: int

    def __len__(self) -> int:
        return self.count

    def parts(self) -> Iterator[CellPart]:
        """Yield the wanted cells, in the parts in which all come; a part may be empty."""
        for part in self.cells.parts():
            yield part.take(self.choice(part.detections))


def chosen_cells(cells: Cells, choice: Choice) -> ChosenCells:
    """Return the wanted cells; all are gone through once to count them."""
    count = sum(int(choice(part.detections).sum()) for part in cells.parts())
    return ChosenCells(cells, choice, count)


def reaching(thresholds: Floats) -> Choice:
    """Return the choice of cells whose score reaches the threshold of their class.

    Args:
        thresholds: (T,) least score of each class.
    """
    return lambda found: found.score >= thresholds[found.class_index]


def sharing(class_row: int | None, below: float | None, *, sure: bool) -> Choice:
    """Return the choice of cells of a class on one side of a score.

    Args:
        class_row: of the taxonomy; None for every class.
        below: the score that sure cells reach; None takes all for sure.
        sure: which side is wanted.
    """

    def wanted(found: Detections) -> Bools:
        own = np.ones(len(found), dtype=np.bool_)
        if class_row is not None:
            own &= found.class_index == class_row
        if below is not None:
            own &= (found.score >= below) == sure
        return own

    return wanted
