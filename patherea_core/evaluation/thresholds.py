"""The score threshold of each class: chosen on a validation set, applied to all else."""

from collections.abc import Sequence

import numpy as np

from patherea_core.errors import TaxonomyError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.score_curve import best_threshold, score_curve
from patherea_core.evaluation.scores import check_classes
from patherea_core.points import Detections


def best_thresholds(
    fields: Sequence[Field], class_count: int, radius: float
) -> tuple[float | None, ...]:
    """Return for each class the threshold with the highest F1 over some regions.

    Of thresholds with equal F1 the highest is taken, so a class that is found nowhere gets the highest
    score that occurs. A class without points or without detections has no threshold, which is None.
    Only scores that occur are tried: detect with a low threshold first. Choose on a validation set; on
    the cells that are reported, a threshold that was chosen on them flatters.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
        InputError: the radius is no positive number.
    """
    for field in fields:
        check_classes(field.detections, field.points, class_count)
    return tuple(best_threshold(score_curve(fields, radius, row)) for row in range(class_count))


def apply_thresholds(detections: Detections, thresholds: Sequence[float | None]) -> Detections:
    """Return the detections that reach the threshold of their class, in order.

    A score of exactly the threshold reaches it. A class whose threshold is None keeps all.

    Args:
        detections: what the model found.
        thresholds: one for each class (T).

    Raises:
        TaxonomyError: a detection has a class beyond the last threshold.
    """
    index = detections.class_index
    if len(index) and index.max() >= len(thresholds):
        raise TaxonomyError(
            f"a detection has class {index.max()}, but there are {len(thresholds)} thresholds"
        )
    # No score is below zero, so that keeps all.
    least = np.array([0.0 if one is None else one for one in thresholds], dtype=np.float64)
    return detections.take(detections.score >= least[index])
