"""What became of every single cell: hit, missed, found in vain, or found as another class.

Counts need only how many pairs there are; a person who looks at the cells wants to see which.
"""

from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.pairing import pair
from patherea_core.geometry import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What became of the N points and D detections of one region.

    Attributes:
        partner: (N,) row of the detection that hit the point; -1 for none.
        taken_for: (N,) row of a detection of another class near a missed point, which is a false alarm
            of its own class; -1 for none. No detection is named twice.
        hit: (D,) whether the detection hit a point of its class.
    """

    partner: Ints
    taken_for: Ints
    hit: Bools

    @property
    def found(self) -> Bools:
        """(N,) whether a detection of its class hit the point."""
        return self.partner >= 0

    @property
    def confused(self) -> Bools:
        """(N,) whether the point was found, but as another class."""
        return self.taken_for >= 0

    @property
    def in_vain(self) -> Bools:
        """(D,) whether the detection is near no cell that it could mean, not even one of another class."""
        vain = ~self.hit
        vain[self.taken_for[self.confused]] = False
        return vain


def outcomes(field: Field, class_count: int, radius: float) -> Outcomes:
    """Return what became of every cell of a region.

    Within each class points and detections are paired as for the counts, so there are as many hits,
    misses and false alarms; among equal numbers of pairs the nearest are taken. Then the missed points
    are paired with false alarms of other classes.

    Args:
        field: the region.
        class_count: number of classes (T).
        radius: accepted distance, inclusive, where the points have none of their own (r).
    """
    partner = np.full(len(field.points), -1, dtype=np.int64)
    for row in range(class_count):
        points = np.flatnonzero(field.points.class_index == row)
        detections = np.flatnonzero(field.detections.class_index == row)
        _note_pairs(partner, field, points, detections, radius)
    hit = np.zeros(len(field.detections), dtype=np.bool_)
    hit[partner[partner >= 0]] = True
    taken_for = np.full(len(field.points), -1, dtype=np.int64)
    _note_pairs(taken_for, field, np.flatnonzero(partner < 0), np.flatnonzero(~hit), radius)
    return Outcomes(partner, taken_for, hit)


def hit_distances(field: Field, found: Outcomes) -> Floats:
    """Return how far each point that was hit lies from its detection: (H,), in the order of the points."""
    rows = np.flatnonzero(found.found)
    gap = field.points.xy[rows] - field.detections.xy[found.partner[rows]]
    distances: Floats = np.hypot(gap[:, 0], gap[:, 1])
    return distances


def _note_pairs(partner: Ints, field: Field, points: Ints, detections: Ints, radius: float) -> None:
    """Write into (N,) ``partner`` which of some detections belong to which of some points."""
    accepted = radius if field.radius is None else field.radius[points]
    pairs = pair(field.detections.xy[detections], field.points.xy[points], accepted, closest=True)
    partner[points[pairs.point_rows]] = detections[pairs.detection_rows]
