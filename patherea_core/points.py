"""Points a person labelled, and detections a model made: frozen parallel arrays, one row per cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.geometry import Bools, Floats, Ints, as_xy


def _as_class_index(values: object, count: int) -> Ints:
    index = np.asarray(values, dtype=np.int64)
    if index.shape != (count,):
        raise ShapeError(f"class_index must be ({count},) like the positions, not {index.shape}")
    if count and index.min() < 0:
        raise ShapeError(f"class_index must not be negative; the least is {index.min()}")
    return index


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Labelled positions from a person; the frame is the one its user names.

    Attributes:
        xy: (N, 2) positions, x before y.
        class_index: (N,) rows of the taxonomy.
    """

    xy: Floats
    class_index: Ints

    def __post_init__(self) -> None:
        xy = as_xy(self.xy)
        object.__setattr__(self, "xy", xy)
        object.__setattr__(self, "class_index", _as_class_index(self.class_index, len(xy)))

    @classmethod
    def none(cls) -> Self:
        """Return zero points."""
        return cls(np.empty((0, 2)), np.empty(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.xy)

    def take(self, rows: Bools | Ints) -> "Points":
        """Return the rows that a mask or an index array selects."""
        return Points(self.xy[rows], self.class_index[rows])

    def moved_to(self, xy: Floats) -> "Points":
        """Return the same cells at other positions, say in another frame."""
        return Points(xy, self.class_index)


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Cells a model found; the frame is the one its user names.

    Attributes:
        xy: (N, 2) positions, x before y.
        class_index: (N,) rows of the taxonomy.
        score: (N,) probability of that class, in [0, 1].
    """

    xy: Floats
    class_index: Ints
    score: Floats

    def __post_init__(self) -> None:
        xy = as_xy(self.xy)
        score = np.asarray(self.score, dtype=np.float64)
        if score.shape != (len(xy),):
            raise ShapeError(f"score must be ({len(xy)},) like the positions, not {score.shape}")
        if len(score) and not (score.min() >= 0 and score.max() <= 1):
            raise ShapeError("scores must lie between 0 and 1")
        object.__setattr__(self, "xy", xy)
        object.__setattr__(self, "class_index", _as_class_index(self.class_index, len(xy)))
        object.__setattr__(self, "score", score)

    @classmethod
    def none(cls) -> Self:
        """Return zero detections."""
        return cls(np.empty((0, 2)), np.empty(0, dtype=np.int64), np.empty(0))

    @classmethod
    def concatenate(cls, parts: Sequence["Detections"]) -> Self:
        """Return the rows of all parts, in order."""
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([part.xy for part in parts]),
            np.concatenate([part.class_index for part in parts]),
            np.concatenate([part.score for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.xy)

    def take(self, rows: Bools | Ints) -> "Detections":
        """Return the rows that a mask or an index array selects."""
        return Detections(self.xy[rows], self.class_index[rows], self.score[rows])

    def moved_to(self, xy: Floats) -> "Detections":
        """Return the same cells at other positions, say in another frame."""
        return Detections(xy, self.class_index, self.score)

    def as_points(self) -> Points:
        """Return the positions and classes without the scores."""
        return Points(self.xy, self.class_index)
