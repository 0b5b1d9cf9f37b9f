"""What two flawed protocols of the literature would have scored. Never use these as a result.

Published scores come from either of them (paper, section 5), so a score that is compared with published
ones should be read beside them. They differ from the right protocol in the pairing alone: each class is
still counted on its own, and counts are summed over regions before scores are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.pairing import candidates, checked_radii
from patherea_core.evaluation.scores import ClassCounts, CountPairs, count_classes
from patherea_core.geometry import Floats

#: Detections times points of one field that the distance Hungarian takes: 4,000 each, whose distances
#: fill 128 MB.
MOST_DISTANCES = 16_000_000

#: Steps of the distance Hungarian over all fields (see ``_steps``), of 65 ps each where detections lie
#: anywhere, and of a tenth where they are good. Cells are paired twice, whatever their class and within
#: it, so it ends in about 10 seconds: one field of 4,000 cells, 40 of 1,000, or 2,500 of 200.
MOST_STEPS = 72_000_000_000


@dataclass(frozen=True, slots=True)
class FlawedCounts:
    """Wrong counts, for comparison with published scores only.

    Attributes:
        distance_hungarian: of the least sum of distances over all cells, filtered by the radius
            afterwards: too low. None if not computed, since there are too many cells.
        one_to_many: of all detections near any point, however many share one: too high.
    """

    distance_hungarian: ClassCounts | None
    one_to_many: ClassCounts


def flawed_counts(fields: Sequence[Field], class_count: int, radius: float) -> FlawedCounts:
    """Return what the two flawed protocols count, summed over fields.

    The distance Hungarian is dense and slow, so it has a budget: ``MOST_DISTANCES`` in each field, for
    memory, and ``MOST_STEPS`` in all fields together, for time. Above either it is not computed at all:
    an approximation, or the sum of some fields, would not be what the literature reports.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
        InputError: the radius is no positive number.
    """
    return FlawedCounts(
        distance_hungarian=_summed(fields, class_count, radius, count_distance_hungarian)
        if _affordable(fields)
        else None,
        one_to_many=_summed(fields, class_count, radius, count_one_to_many),
    )


def _affordable(fields: Sequence[Field]) -> bool:
    sizes = [(len(field.detections), len(field.points)) for field in fields]
    distances = max((detections * points for detections, points in sizes), default=0)
    return distances <= MOST_DISTANCES and sum(_steps(*size) for size in sizes) <= MOST_STEPS


def _steps(detections: int, points: int) -> int:
    """Return a bound on the work of one field, which is cubic; small fields cost as their distances do."""
    return detections * points * (min(detections, points) + 500)


def _summed(
    fields: Sequence[Field], class_count: int, radius: float, count: CountPairs
) -> ClassCounts:
    return sum(
        (
            count_classes(
                field.detections, field.points, class_count, field.accepted(radius), count
            )
            for field in fields
        ),
        start=ClassCounts.none(class_count),
    )


def count_distance_hungarian(
    detection_xy: Floats, point_xy: Floats, radius: float | Floats
) -> Counts:
    """Return the wrong counts of pairing for the least sum of distances, and filtering afterwards.

    As many pairs as the rarer of detections and points are made, wherever they lie; then those wider than
    the radius are dropped. Wrong, since a far pair is shortened at the cost of a hit: the detection of one
    cell is given to another one, which it does not hit either (paper, figure 3 right, on Graham et al.,
    2019). Both become false positives and both points are missed, so F1 is too low. Two assignments of
    the same sum may differ in their hits; which one is found depends on the order of cells.

    True positives: pairs within the radius. False positives: detections in no such pair. False negatives:
    points in no such pair.
    """
    detection_rows, point_rows = linear_sum_assignment(cdist(detection_xy, point_xy))
    apart = detection_xy[detection_rows] - point_xy[point_rows]
    allowed = checked_radii(radius, len(point_xy))[point_rows]
    hits = int(np.count_nonzero(np.hypot(apart[:, 0], apart[:, 1]) <= allowed))
    return Counts(hits, len(detection_xy) - hits, len(point_xy) - hits)


def count_one_to_many(detection_xy: Floats, point_xy: Floats, radius: float | Floats) -> Counts:
    """Return the wrong counts of calling every detection near a point a hit.

    Wrong, since several detections of one cell are all hits, and one detection finds all cells around it,
    so F1 is too high, and doubled detections are rewarded (paper, section 5).

    True positives: detections within the radius of at least one point. False positives: the other
    detections. False negatives: points with no detection within the radius. So true positives and false
    negatives do not add up to the number of points.
    """
    near = candidates(detection_xy, point_xy, radius)
    hits = len(np.unique(near.detection_rows))
    found = len(np.unique(near.point_rows))
    return Counts(hits, len(detection_xy) - hits, len(point_xy) - found)
