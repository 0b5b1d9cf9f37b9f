"""F1 against the accepted distance: how much a score owes to the radius."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import ClassCounts, count_classes, mean_f1
from patherea_core.geometry import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ToleranceCurve:
    """F1 at rising radii; NaN where it is undefined.

    Attributes:
        radii: (R,) accepted distances, rising.
        per_class: (R, T) of each class.
        any_class: (R,) whatever the class.
        mean: (R,) mean over the classes that occur.
    """

    radii: Floats
    per_class: Floats
    any_class: Floats
    mean: Floats


def tolerance_curve(
    fields: Sequence[Field], class_count: int, radii: Sequence[float]
) -> ToleranceCurve:
    """Return the F1 of some regions at several radii, each instead of the points' own radii.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radii: accepted distances, inclusive, rising.

    Raises:
        InputError: the radii do not rise.
    """
    if list(radii) != sorted(set(radii)) or not radii:
        raise InputError("the radii of a tolerance curve must rise; give at least one")
    totals = [
        sum(
            (
                count_classes(field.detections, field.points, class_count, radius)
                for field in fields
            ),
            start=ClassCounts.none(class_count),
        )
        for radius in radii
    ]
    return ToleranceCurve(
        radii=np.array(radii, dtype=np.float64),
        per_class=np.array([[_number(row.f1) for row in total.per_class] for total in totals]),
        any_class=np.array([_number(total.any_class.f1) for total in totals]),
        mean=np.array([_number(mean_f1(total.per_class)) for total in totals]),
    )


def _number(score: float | None) -> float:
    return np.nan if score is None else score
