"""Counts of every class, and the mean score over classes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np

from patherea_core.errors import ShapeError, TaxonomyError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.pairing import checked_radii, pair
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


#: Counts the hits of (D, 2) detections on (N, 2) points, given one radius or (N,) radii.
CountPairs: TypeAlias = Callable[[Floats, Floats, float | Floats], Counts]


def count_regions(
    fields: Sequence[Field], class_count: int, radius: float
) -> tuple[ClassCounts, ...]:
    """Return the counts of each of some regions.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
        InputError: the radius is no positive number.
    """
    return tuple(
        count_classes(field.detections, field.points, class_count, field.accepted(radius))
        for field in fields
    )


def count_pairs(detection_xy: Floats, point_xy: Floats, radius: float | Floats) -> Counts:
    """Return the counts of as many pairs as there can be, whatever the classes."""
    hits = len(pair(detection_xy, point_xy, radius))
    return Counts(hits, len(detection_xy) - hits, len(point_xy) - hits)


def count_classes(
    detections: Detections,
    points: Points,
    class_count: int,
    radius: float | Floats,
    count: CountPairs = count_pairs,
) -> ClassCounts:
    """Return the counts of one region, each class paired on its own (paper, section 5).

    Args:
        detections: what the model found.
        points: what a person labelled, in the same frame.
        class_count: number of classes (T).
        radius: accepted distance in that frame, inclusive (r), or (N,) accepted distance of each point.
        count: counts the hits among the cells of one class, and among all cells.

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
        ShapeError: there are several radii, but not one for each point.
        InputError: a radius is no positive number.
    """
    check_classes(detections, points, class_count)
    radii = checked_radii(radius, len(points))
    per_class = []
    for row in range(class_count):
        found, wanted = detections.class_index == row, points.class_index == row
        per_class.append(count(detections.xy[found], points.xy[wanted], radii[wanted]))
    return ClassCounts(tuple(per_class), count(detections.xy, points.xy, radii))


def check_classes(detections: Detections, points: Points, class_count: int) -> None:
    """Refuse classes that are not among the first ``class_count``.

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
    """
    for what, index in (("detection", detections.class_index), ("point", points.class_index)):
        if len(index) and index.max() >= class_count:
            raise TaxonomyError(f"a {what} has class {index.max()}, but there are {class_count}")


def mean_f1(per_class: Iterable[Counts]) -> float | None:
    """Return the mean F1 over the classes that occur; None if none does.

    A class occurs if it has a point or a detection. So a class that is never found counts as zero, and
    so does a class that is only ever found wrongly; a class that nobody labelled and nothing detected
    has no score and is left out.
    """
    scores = [counts.f1 for counts in per_class if counts.f1 is not None]
    return float(np.mean(scores)) if scores else None


def micro(per_class: Iterable[Counts]) -> Counts:
    """Return the sum over classes, whose scores are the micro mean: every cell weighs the same.

    A cell of the wrong class is a false alarm of one class and a miss of another, so these counts are not
    those of any class.
    """
    return sum(per_class, start=Counts.none())
