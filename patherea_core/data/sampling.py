"""Where in the samples training tiles lie: anywhere in the labelled area, or around cells of any class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.config import TrainingConfig
from patherea_core.geometry import Bools, Box, Ints
from patherea_core.points import Points

#: Pixels that are tried before the labelled ones are counted.
_GUESSES = 10


@dataclass(frozen=True, slots=True)
class Cell:
    """One labelled cell among all samples.

    Attributes:
        sample: number of its sample.
        x: column of its pixel in the sample.
        y: row of its pixel in the sample.
    """

    sample: int
    x: int
    y: int


class BalancedCells:
    """Cells of all samples, drawn so that every class that occurs comes up equally often.

    Within a class all cells are equally likely, in whatever sample they lie.
    """

    def __init__(self, points: Sequence[Points]) -> None:
        """Take the points of each sample, in its own pixels."""
        self._sample = np.repeat(np.arange(len(points)), [len(one) for one in points])
        self._xy = np.floor(np.concatenate([one.xy for one in points])).astype(np.int64)
        classes = np.concatenate([one.class_index for one in points])
        self._rows: list[Ints] = [np.flatnonzero(classes == one) for one in np.unique(classes)]

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self._sample)

    def draw(self, random: np.random.Generator) -> Cell:
        """Return a cell of a class drawn at random; there must be one."""
        rows = self._rows[random.integers(len(self._rows))]
        row = rows[random.integers(len(rows))]
        x, y = self._xy[row].tolist()
        return Cell(int(self._sample[row]), x, y)


def window_side(settings: TrainingConfig, random: np.random.Generator) -> int:
    """Return the side in pixels of the square that is made a tile: that of a tile, changed at random.

    It is multiplied by a factor from 1 − ``scale_jitter`` to 1 + ``scale_jitter``, all equally likely, and
    what the square shows becomes smaller by as much.
    """
    factor = random.uniform(1 - settings.scale_jitter, 1 + settings.scale_jitter)
    return max(1, round(settings.tile_size * factor))


def labelled_window(labelled: Bools, side: int, random: np.random.Generator) -> Box:
    """Return a square box around a labelled pixel, any of them equally likely, kept in the image.

    Args:
        labelled: (H, W) mask.
        side: of the box in pixels; an image smaller than that lies within the box.
        random: where chance comes from.
    """
    row, column = _labelled_pixel(labelled, random)
    height, width = labelled.shape
    return Box(
        _placed(column - side // 2, side, width), _placed(row - side // 2, side, height), side, side
    )


def _labelled_pixel(labelled: Bools, random: np.random.Generator) -> tuple[int, int]:
    """Return row and column of any labelled pixel; of any pixel where none is."""
    row, column = random.integers(labelled.shape).tolist()
    # Most images are labelled almost all over, so that guessing is quicker than counting.
    for _ in range(_GUESSES):
        if labelled[row, column]:
            return row, column
        row, column = random.integers(labelled.shape).tolist()
    per_row = np.count_nonzero(labelled, axis=1).cumsum()
    if not per_row[-1]:
        return row, column
    row = int(np.searchsorted(per_row, random.integers(per_row[-1]), side="right"))
    return row, int(random.choice(np.flatnonzero(labelled[row])))


def cell_window(cell: Cell, shape: tuple[int, ...], side: int, random: np.random.Generator) -> Box:
    """Return a square box that holds a cell anywhere in it, kept in the (H, W) image.

    Args:
        cell: what the box holds.
        shape: height and width of its sample.
        side: of the box in pixels.
        random: where chance comes from.
    """
    across, down = random.integers(side, size=2).tolist()
    height, width = shape
    return Box(
        _placed(cell.x - across, side, width), _placed(cell.y - down, side, height), side, side
    )


def _placed(start: int, side: int, length: int) -> int:
    """Return the start of a stretch, moved as little as needed to lie in the image, or to hold it."""
    least, most = sorted((0, length - side))
    return min(max(start, least), most)
