"""Counts of every class, and the mean score over classes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from patherea_core.errors import ShapeError, TaxonomyError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.pairing import pair
from patherea_core.geometry import Floats
from patherea_core.points import Detections, Points


@dataclass(frozen=True, slots=True)
class ClassCounts:
    """Counts that add up over regions.

    Attributes:
        per_class: one for each row of the taxonomy; a hit is a pair of one class.
        any_class: a hit is a pair whatever the two classes.
    """

    per_class: tuple[Counts, ...]
    any_class: Counts

    @classmethod
    def none(cls, class_count: int) -> Self:
        """Return zero of everything, the start of a sum."""
        return cls((Counts.none(),) * class_count, Counts.none())

    def __add__(self, other: "ClassCounts") -> "ClassCounts":
        if len(self.per_class) != len(other.per_class):
            raise ShapeError(
                f"counts of {len(self.per_class)} and of {len(other.per_class)} classes do not add up"
            )
        return ClassCounts(
            tuple(
                ours + theirs for ours, theirs in zip(self.per_class, other.per_class, strict=True)
            ),
            self.any_class + other.any_class,
        )


def count_classes(
    detections: Detections, points: Points, class_count: int, radius: float
) -> ClassCounts:
    """Return the counts of one region, each class paired on its own (paper, section 5).

    Args:
        detections: what the model found.
        points: what a person labelled, in the same frame.
        class_count: number of classes (T).
        radius: accepted distance in that frame, inclusive (r).

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
        InputError: the radius is no positive number.
    """
    for what, index in (("detection", detections.class_index), ("point", points.class_index)):
        if len(index) and index.max() >= class_count:
            raise TaxonomyError(f"a {what} has class {index.max()}, but there are {class_count}")
    return ClassCounts(
        tuple(
            _count(
                detections.xy[detections.class_index == row],
                points.xy[points.class_index == row],
                radius,
            )
            for row in range(class_count)
        ),
        _count(detections.xy, points.xy, radius),
    )


def _count(detection_xy: Floats, point_xy: Floats, radius: float) -> Counts:
    hits = len(pair(detection_xy, point_xy, radius))
    return Counts(hits, len(detection_xy) - hits, len(point_xy) - hits)


def mean_f1(per_class: Iterable[Counts]) -> float | None:
    """Return the mean F1 over the classes that occur; None if none does.

    A class occurs if it has a point or a detection. So a class that is never found counts as zero, and
    so does a class that is only ever found wrongly; a class that nobody labelled and nothing detected
    has no score and is left out.
    """
    scores = [counts.f1 for counts in per_class if counts.f1 is not None]
    return float(np.mean(scores)) if scores else None
