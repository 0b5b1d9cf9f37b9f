"""Which class the model gave to the cells that a person gave another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.pairing import checked_radii, pair
from patherea_core.evaluation.scores import check_classes
from patherea_core.geometry import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often cells of each class were given each class; adds up over regions.

    Attributes:
        matrix: (T + 1, T + 1) cells. Rows are a person's class, then "no cell"; columns the model's
            class, then "missed". The last row holds detections without a cell, the last column cells
            without a detection; where the two meet is always zero.
    """

    matrix: Ints

    def __post_init__(self) -> None:
        matrix = np.asarray(self.matrix, dtype=np.int64)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not len(matrix):
            raise ShapeError(f"a confusion must be (T + 1, T + 1), not {matrix.shape}")
        object.__setattr__(self, "matrix", matrix)

    @classmethod
    def none(cls, class_count: int) -> Self:
        """Return zero of everything, the start of a sum."""
        return cls(np.zeros((class_count + 1, class_count + 1), dtype=np.int64))

    def __add__(self, other: "Confusion") -> "Confusion":
        if self.matrix.shape != other.matrix.shape:
            raise ShapeError(
                f"confusions of {self.class_count} and of {other.class_count} classes do not add up"
            )
        return Confusion(self.matrix + other.matrix)

    @property
    def class_count(self) -> int:
        """Number of classes (T)."""
        return len(self.matrix) - 1

    @property
    def paired(self) -> int:
        """How many cells were found, whatever class they were given."""
        return int(self.matrix[:-1, :-1].sum())

    @property
    def accuracy(self) -> float | None:
        """Share of the found cells that were given a person's class; None if none was found."""
        return int(np.trace(self.matrix[:-1, :-1])) / self.paired if self.paired else None

    def shares(self) -> tuple[tuple[float, ...] | None, ...]:
        """Return each row divided by its sum: where the cells of a class went; None for an empty row."""
        rows: Floats = self.matrix.astype(np.float64)
        return tuple(tuple((row / row.sum()).tolist()) if row.any() else None for row in rows)


@dataclass(frozen=True, slots=True, eq=False)
class PatientConfusion:
    """The confusion of one patient's cells.

    Attributes:
        patient: whose.
        confusion: summed over all of the patient's fields.
    """

    patient: str
    confusion: Confusion


def patient_confusions(
    fields: Sequence[Field], confusions: Sequence[Confusion]
) -> tuple[PatientConfusion, ...]:
    """Return the confusion of each patient, in order of their names; none unless every field knows its own.

    Args:
        fields: the regions.
        confusions: of each of them.
    """
    sums: dict[str, Confusion] = {}
    for field, confusion in zip(fields, confusions, strict=True):
        if field.patient is None:
            return ()
        known = sums.get(field.patient)
        sums[field.patient] = confusion if known is None else known + confusion
    return tuple(PatientConfusion(patient, sums[patient]) for patient in sorted(sums))


def class_confusion(fields: Sequence[Field], class_count: int, radius: float) -> Confusion:
    """Return the classes of cells paired whatever their class, closest first, summed over fields.

    Of all largest sets of pairs the closest one is taken, so that a cell is compared with the detection
    that most likely means it. The result does not depend on the order of cells.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
        InputError: the radius is no positive number.
    """
    return sum(
        (_confusion(field, class_count, radius) for field in fields),
        start=Confusion.none(class_count),
    )


def _confusion(field: Field, class_count: int, radius: float) -> Confusion:
    check_classes(field.detections, field.points, class_count)
    radii = checked_radii(field.accepted(radius), len(field.points))
    # Two detections of one place and two classes are equally close: sorted, the same one is always taken.
    found = field.detections.take(_sorted(field.detections.xy, field.detections.class_index))
    rows = _sorted(field.points.xy, field.points.class_index, radii)
    wanted = field.points.take(rows)
    pairs = pair(found.xy, wanted.xy, radii[rows], closest=True)
    person = np.full(len(found), class_count)
    person[pairs.detection_rows] = wanted.class_index[pairs.point_rows]
    missed = np.ones(len(wanted), dtype=np.bool_)
    missed[pairs.point_rows] = False
    matrix = Confusion.none(class_count).matrix
    np.add.at(matrix, (person, found.class_index), 1)
    matrix[:-1, -1] = np.bincount(wanted.class_index[missed], minlength=class_count)
    return Confusion(matrix)


def _sorted(xy: Floats, *keys: Ints | Floats) -> Ints:
    return np.lexsort((*keys, xy[:, 1], xy[:, 0]))
