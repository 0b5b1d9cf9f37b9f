"""Whether a score means what it says: of detections that score 0.8, are eight in ten hits?

For detectors precision takes the place of accuracy (Küppers et al. 2020): points that were missed have
no score and so no part in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.score_curve import hits_by_score, of_class
from patherea_core.geometry import Bools, Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """How often detections of a score are right, in bins of equal width.

    Attributes:
        edges: (B + 1,) bounds of the bins; a bin holds its lower bound, and the last one both.
        counts: (B,) detections in each bin.
        mean_score: (B,) their mean score; NaN in an empty bin.
        precision: (B,) share of them that hit a point of their class; NaN in an empty bin.
    """

    edges: Floats
    counts: Ints
    mean_score: Floats
    precision: Floats

    @property
    def has_scores(self) -> bool:
        """Whether any detection scores less than one; if none does, most likely nobody gave scores."""
        return bool(self.counts[:-1].any() or self.mean_score[-1] < 1)

    @property
    def gaps(self) -> Floats:
        """(B,) distance of precision from mean score; zero in an empty bin."""
        gaps: Floats = np.where(self.counts > 0, np.abs(self.precision - self.mean_score), 0.0)
        return gaps

    @property
    def expected_error(self) -> float:
        """Mean gap of the bins, weighted by their counts (ECE; Naeini et al. 2015; Guo et al. 2017).

        The bins are equally wide, not equally full. Zero without detections; without scores it only
        says how far precision is from one.
        """
        return float((self.counts * self.gaps).sum() / max(1, self.counts.sum()))

    @property
    def largest_error(self) -> float:
        """The widest gap of a bin, however few detections it holds (MCE; Naeini et al. 2015)."""
        return float(self.gaps.max())


def reliability(
    fields: Sequence[Field], class_count: int, radius: float, bins: int = 10
) -> Reliability:
    """Return how the detections' scores agree with how often they hit a point of their class.

    Where several detections compete for a point the surest one is the hit.

    Args:
        fields: regions with their detections and points, clipped to their areas.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r), of points that have no radius of their own.
        bins: number of bins (B).

    Raises:
        InputError: there is no bin.
    """
    if bins < 1:
        raise InputError(f"a reliability diagram needs at least one bin, not {bins}")
    parts = [of_class(field, row) for field in fields for row in range(class_count)]
    score = np.concatenate([np.empty(0), *(part.detections.score for part in parts)])
    hit = np.concatenate([np.empty(0, dtype=np.bool_), *(hits_by_score(p, radius) for p in parts)])
    return _binned(score, hit, bins)


def _binned(score: Floats, hit: Bools, bins: int) -> Reliability:
    # Divided, not spaced: 3 / 10 is the score 0.3, and three steps of 0.1 are not.
    edges = np.arange(bins + 1) / bins
    place = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    with np.errstate(invalid="ignore"):
        mean_score = np.bincount(place, weights=score, minlength=bins) / counts
        precision = np.bincount(place, weights=hit, minlength=bins) / counts
    return Reliability(edges, counts, mean_score, precision)
