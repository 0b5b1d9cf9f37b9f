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
        radii: (R,) common accepted distances, rising; a point's own radius takes the same share.
        per_class: (R, T) of each class.
        any_class: (R,) whatever the class.
        mean: (R,) mean over the classes that occur.
    """

    radii: Floats
    per_class: Floats
    any_class: Floats
    mean: Floats


def tolerance_curve(
    fields: Sequence[Field], class_count: int, radius: float, shares: Sequence[float]
) -> ToleranceCurve:
    """Return the F1 of some regions at several shares of the accepted distance.

    A point's own radius is scaled like the common one, so at a share of 1 the curve passes through the
    scores of the evaluation, whatever radii its points have. The curve is drawn over the common radius.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.
        shares: positive factors of the accepted distances, rising.

    Raises:
        InputError: the shares do not rise, or a radius is no positive number.
    """
    if list(shares) != sorted(set(shares)) or not shares:
        raise InputError("the shares of a tolerance curve must rise; give at least one")
    totals = [
        sum(
            (
                count_classes(
                    field.detections, field.points, class_count, share * field.accepted(radius)
                )
                for field in fields
            ),
            start=ClassCounts.none(class_count),
        )
        for share in shares
    ]
    return ToleranceCurve(
        radii=radius * np.array(shares, dtype=np.float64),
        per_class=np.array([[_number(row.f1) for row in total.per_class] for total in totals]),
        any_class=np.array([_number(total.any_class.f1) for total in totals]),
        mean=np.array([_number(mean_f1(total.per_class)) for total in totals]),
    )


def _number(score: float | None) -> float:
    return np.nan if score is None else score
