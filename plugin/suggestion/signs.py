"""What a model shows of a field: how unsure it is of its cells, whether its two heads agree, and which cells.

Each sign is a sum over cells divided by their number and ten more, as if every field had ten cells besides
that are beyond doubt. So a field with two doubtful cells does not go before one with a hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.evaluation.scores import count_classes, micro
from patherea_core.geometry import Box, Floats, Ints
from patherea_core.points import Detections

#: Cells beyond doubt that every field is taken to have besides its own.
_STEADY = 10


@dataclass(frozen=True, slots=True, eq=False)
class SeenField:
    """What the model sees in one field; positions in working pixels.

    Attributes:
        box: the field.
        cells: of the head that detects.
        other_cells: of the head that only training uses, each once; None if the network has none.
        doubts: (D,) entropy of each cell and of each place that is nearly one, as a share of the largest.
    """

    box: Box
    cells: Detections
    other_cells: Detections | None
    doubts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """The signs of F fields, each in [0, 1].

    Attributes:
        disagreement: (F,) of the two heads: cells of one that the other does not see, or not as that class.
        entropy: (F,) of the classes, background among them.
        rarity: (F,) how rare the classes of the cells are on the whole slide.
        cells: (F,) how many there are.
    """

    disagreement: Floats
    entropy: Floats
    rarity: Floats
    cells: Ints

    def __post_init__(self) -> None:
        shapes = {self.disagreement.shape, self.entropy.shape, self.rarity.shape, self.cells.shape}
        if shapes != {(len(self.cells),)}:
            raise ShapeError(f"every field needs one figure of each sign, not {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def named(self) -> dict[str, Floats]:
        """The signs by their names."""
        return {
            "disagreement": self.disagreement,
            "entropy": self.entropy,
            "rarity": self.rarity,
        }


def signs_of(fields: Sequence[SeenField], classes: int, radius: float) -> Signs:
    """Return the signs of all fields of a slide.

    Args:
        fields: in any order.
        classes: number of classes (T).
        radius: working pixels within which the two heads mean the same cell (r).
    """
    counts = np.array(
        [np.bincount(field.cells.class_index, minlength=classes) for field in fields],
        dtype=np.int64,
    ).reshape(len(fields), classes)
    cells = counts.sum(axis=1)
    return Signs(
        disagreement=np.array([_disagreement(field, classes, radius) for field in fields]),
        entropy=np.array([_steadied(field.doubts.sum(), len(field.doubts)) for field in fields]),
        rarity=(counts @ rarities(counts.sum(axis=0))) / (cells + _STEADY),
        cells=cells,
    )


def rarities(totals: Ints) -> Floats:
    """Return (T,) how rare each class is: 0 for the commonest, nearly 1 for one that hardly occurs."""
    most = totals.max(initial=0)
    return 1.0 - totals / most if most else np.zeros(len(totals))


def _disagreement(field: SeenField, classes: int, radius: float) -> float:
    """Return how far the heads are from finding the same cells: 1 less the share that both see alike."""
    if field.other_cells is None:
        return 0.0
    pairs = micro(
        count_classes(field.cells, field.other_cells.as_points(), classes, radius).per_class
    )
    apart = (pairs.false_positives + pairs.false_negatives) / 2
    return _steadied(apart, pairs.true_positives + apart)


def _steadied(total: float, count: float) -> float:
    return float(total / (count + _STEADY))
