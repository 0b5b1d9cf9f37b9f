"""Counts at every score threshold at once, exact: those of the maximum pairing of all that scores as much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.pairing import candidates
from patherea_core.evaluation.surest_first import surest_hits
from patherea_core.geometry import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCurve:
    """The counts of one class, or of any class, as the score threshold falls.

    Attributes:
        thresholds: (K,) the scores that occur, falling; a detection takes part if it scores as much.
        true_positives: (K,) detections that are paired.
        detections: (K,) all detections that take part.
        points: number of points, whatever the threshold.
    """

    thresholds: Floats
    true_positives: Ints
    detections: Ints
    points: int

    @property
    def precision(self) -> Floats:
        """(K,) share of the detections that hit a point."""
        share: Floats = self.true_positives / self.detections
        return share

    @property
    def recall(self) -> Floats:
        """(K,) share of the points that were hit; zero without points."""
        share: Floats = self.true_positives / max(1, self.points)
        return share

    @property
    def f1(self) -> Floats:
        """(K,) 2 · TP / (points + detections)."""
        share: Floats = 2 * self.true_positives / (self.points + self.detections)
        return share

    @property
    def false_positives(self) -> Ints:
        """(K,) detections without a point."""
        return self.detections - self.true_positives


def score_curve(fields: Sequence[Field], radius: float, class_row: int | None) -> ScoreCurve:
    """Return the counts of some regions at every threshold, summed over them.

    At each threshold they are what ``count_classes`` gives for the detections that score as much.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        radius: accepted distance, inclusive (r), of points that have no radius of their own.
        class_row: the class; None pairs whatever the class.
    """
    chosen = [of_class(field, class_row) for field in fields]
    hits = [hits_by_score(field, radius) for field in chosen]
    nothing = np.empty(0)
    score = np.concatenate([nothing, *(field.detections.score for field in chosen)])
    hit = np.concatenate([nothing.astype(np.bool_), *hits])
    order = np.argsort(-score, kind="stable")
    score, hit = score[order], hit[order]
    # Detections of one score enter together.
    ends = np.append(np.flatnonzero(np.diff(score)), len(score) - 1) if len(score) else np.arange(0)
    return ScoreCurve(
        thresholds=score[ends],
        true_positives=np.cumsum(hit)[ends].astype(np.int64),
        detections=ends + 1,
        points=sum(len(field.points) for field in chosen),
    )


def hits_by_score(field: Field, radius: float) -> Bools:
    """Return a (D,) mask of the detections that are paired if the surest choose first.

    The hits among those of any least score are as many as a maximum pairing of these has.

    Args:
        field: one region, of one class, or of all where the class does not matter.
        radius: accepted distance of points that have no radius of their own.
    """
    order = np.argsort(-field.detections.score, kind="stable")
    near = candidates(field.detections.xy[order], field.points.xy, field.accepted(radius))
    hit = np.empty(len(order), dtype=np.bool_)
    hit[order] = surest_hits(near.detection_rows, near.point_rows, len(order))
    return hit


def average_precision(curve: ScoreCurve) -> float | None:
    """Return the area under the precision envelope over recall; None without points.

    The envelope takes at every recall the highest precision at that recall or a higher one, and the area
    is the sum over all steps of recall (the "all-points" form, in use since PASCAL VOC 2010). COCO reads
    the same envelope at 101 recalls only, and VOC 2007 did at 11; their figures differ a little. Detections
    of one score are one step, so their order does not matter. Recall that is never reached adds nothing.
    """
    if not curve.points:
        return None
    envelope = np.maximum.accumulate(curve.precision[::-1])[::-1]
    steps = np.diff(curve.recall, prepend=0.0)
    return float((steps * envelope).sum())


def best_threshold(curve: ScoreCurve) -> float | None:
    """Return the threshold with the highest F1, of equals the highest; None without points or detections.

    It is meant for a validation set: a threshold must not be chosen on the cells it is reported on.
    """
    if not curve.points or not len(curve.thresholds):
        return None
    return float(curve.thresholds[np.argmax(curve.f1)])


def of_class(field: Field, class_row: int | None) -> Field:
    """Return the region with the cells of one class only; None keeps all."""
    if class_row is None:
        return field
    mine = field.points.class_index == class_row
    return Field(
        field.name,
        field.detections.take(field.detections.class_index == class_row),
        field.points.take(mine),
        field.area,
        field.patient,
        None if field.radius is None else field.radius[mine],
    )
