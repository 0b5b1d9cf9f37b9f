"""Cells as rows, in whichever file: image, position, class and, for detections, score."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.points import Detections, Points
from patherea_core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class CellTable:
    """Cells of some images as parallel arrays, in base pixels of each image.

    Attributes:
        source: the file, for messages.
        images: the image of each cell; an empty name means the only image there is.
        xy: (N, 2) positions.
        class_names: the class of each cell.
        score: (N,) probability of that class; 1 where the file has none.
    """

    source: Path
    images: tuple[str, ...]
    xy: Floats
    class_names: tuple[str, ...]
    score: Floats

    def of_image(self, image: str) -> Bools:
        """Tell for each cell whether it is of that image: (N,) mask."""
        return np.array([name == image for name in self.images], dtype=bool)

    def class_index(self, taxonomy: Taxonomy) -> Ints:
        """Return the row of each cell's class.

        Raises:
            TaxonomyError: the taxonomy does not know a class.
        """
        rows = {name: taxonomy.index(name) for name in dict.fromkeys(self.class_names)}
        return np.array([rows[name] for name in self.class_names], dtype=np.int64)

    def detections(self, taxonomy: Taxonomy) -> Detections:
        """Return all cells as detections."""
        return Detections(self.xy, self.class_index(taxonomy), self.score)

    def points(self, taxonomy: Taxonomy) -> Points:
        """Return all cells as points."""
        return Points(self.xy, self.class_index(taxonomy))


def as_numbers(values: list[str], column: str, source: Path) -> Floats:
    """Return the numbers of one column.

    Raises:
        InputError: a value is no finite number; the message names the row.
    """
    try:
        numbers = np.array(values, dtype=np.float64)
    except ValueError:
        numbers = np.array([_number(value) for value in values])
    broken = np.flatnonzero(~np.isfinite(numbers))
    if len(broken):
        row = int(broken[0])
        raise InputError(
            f"row {row + 1} of {source} has {values[row]!r} in column {column}, which is no number"
        )
    return numbers


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")
