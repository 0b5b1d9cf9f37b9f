"""What a report shows beyond the scores: curves over score thresholds and radii, and calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.calibration import Reliability, reliability
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.froc import Froc, froc
from patherea_core.evaluation.score_curve import (
    ScoreCurve,
    average_precision,
    best_threshold,
    score_curve,
)
from patherea_core.evaluation.tolerance import ToleranceCurve, tolerance_curve

#: Radii of the tolerance curve, as shares of the radius of the evaluation.
_SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)

#: Above so many detections the curve has few radii, none of them wide: those take minutes there.
_MANY, _FEW_SHARES = 200_000, (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class ClassDetails:
    """How one class, or any class, fares as the score threshold falls.

    Attributes:
        curve: its counts at every threshold.
        regions: over how many regions they are summed.
    """

    curve: ScoreCurve
    regions: int

    @property
    def average_precision(self) -> float | None:
        """Area under precision against recall; None without points."""
        return average_precision(self.curve)

    @property
    def best_threshold(self) -> float | None:
        """The threshold with the highest F1; None without points or detections."""
        return best_threshold(self.curve)

    @property
    def best_f1(self) -> float | None:
        """The highest F1 of all thresholds; None without points or detections."""
        return None if self.best_threshold is None else float(self.curve.f1.max())

    @property
    def free_response(self) -> Froc | None:
        """Recall against false alarms in a region (FROC); None without points."""
        return froc(self.curve, self.regions, "image")


@dataclass(frozen=True, slots=True, eq=False)
class Details:
    """Curves of an evaluation.

    Attributes:
        per_class: one for each row of the taxonomy.
        any_class: whatever the class.
        tolerance: F1 against the radius.
        reliability: whether scores mean what they say.
    """

    per_class: tuple[ClassDetails, ...]
    any_class: ClassDetails
    tolerance: ToleranceCurve
    reliability: Reliability

    @property
    def has_scores(self) -> bool:
        """Whether detections have scores; without, one threshold is all there is."""
        return self.reliability.has_scores

    @property
    def mean_average_precision(self) -> float | None:
        """Mean over the classes that have a point (mAP); None if none has."""
        areas = [found.average_precision for found in self.per_class]
        defined = [area for area in areas if area is not None]
        return float(np.mean(defined)) if defined else None


def details(fields: Sequence[Field], class_count: int, radius: float) -> Details:
    """Return the curves of some regions.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.
    """
    shares = _SHARES if sum(len(field.detections) for field in fields) <= _MANY else _FEW_SHARES

    def of(row: int | None) -> ClassDetails:
        return ClassDetails(score_curve(fields, radius, row), len(fields))

    return Details(
        per_class=tuple(of(row) for row in range(class_count)),
        any_class=of(None),
        tolerance=tolerance_curve(fields, class_count, radius, shares),
        reliability=reliability(fields, class_count, radius),
    )
