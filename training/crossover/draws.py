"""How far a mean over seeds would move with other seeds and other patients: both are drawn with replacement.

Seeds and patients are crossed, not nested: every run is tested on the same patients. So a draw takes seeds
and, for all of them alike, patients; arms and shares are scored on the same draw, which makes their
differences paired.
"""

from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.intervals import Interval, percentiles
from patherea_core.evaluation.resampling import f1, mean_of_occurring
from patherea_core.geometry import Floats, Ints
from patherea_core.seeding import Seed

#: Share of the draws inside an interval.
LEVEL = 0.95

_DRAWS = 2000
_SEED = Seed(0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure over seeds.

    Attributes:
        value: mean over the seeds; None if one of them does not define it.
        interval: of the draws; None with fewer than two patients, or where it is undefined.
        seeds: how many seeds there are.
    """

    value: float | None
    interval: Interval | None
    seeds: int

    @property
    def apart(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.interval is not None and not self.interval.holds(0.0)


def estimates(counts: Ints) -> tuple[Estimate, ...]:
    """Return F1 of each class, then their mean.

    Args:
        counts: (S, G, T, 3) true positives, false positives and false negatives of seeds, patients, classes.
    """
    return _estimates(_whole(counts), _drawn(counts), counts)


def differences(counts: Ints, others: Ints) -> tuple[Estimate, ...]:
    """Return by how much F1 of each class, then their mean, is higher than another arm's.

    Args:
        counts: (S, G, T, 3) of one arm.
        others: of the other, for the same seeds and patients in the same order.
    """
    return _estimates(_whole(counts) - _whole(others), _drawn(counts) - _drawn(others), counts)


def drawn_scores(counts: Ints, seeds: Ints, patients: Ints) -> Floats:
    """Return F1 of each class and their mean in every draw: (D, T + 1), NaN where undefined.

    The mean is over the classes that occur on all patients together; a draw that lacks one of them for one
    of its seeds defines no mean.

    Args:
        counts: (S, G, T, 3) counts.
        seeds: (D, S) how often each seed was drawn.
        patients: (D, G) how often each patient was drawn.
    """
    total = np.zeros((len(seeds), counts.shape[2] + 1))
    for of_seed, times in zip(counts, seeds.T, strict=True):
        sums = np.tensordot(patients.astype(np.float64), of_seed, axes=1)
        classes = f1(sums)
        means = mean_of_occurring(classes, of_seed.any(axis=(0, 2)))
        of_all = np.concatenate([classes, means[:, np.newaxis]], axis=1)
        # A seed that was not drawn leaves nothing undefined.
        total += np.where(times[:, np.newaxis] > 0, of_all * times[:, np.newaxis], 0.0)
    scores: Floats = total / seeds.sum(axis=1, keepdims=True)
    return scores


def _whole(counts: Ints) -> Floats:
    """Return (T + 1,) the scores with every seed and patient once."""
    once = [np.ones((1, length), dtype=np.int64) for length in counts.shape[:2]]
    scores: Floats = drawn_scores(counts, *once)[0]
    return scores


def _drawn(counts: Ints) -> Floats:
    """Return (D, T + 1) scores of draws that depend on the numbers of seeds and patients only."""
    seeds, patients = (
        _SEED.stream(name).multinomial(length, np.full(length, 1 / length), _DRAWS)
        for name, length in zip(
            ("crossover seeds", "crossover patients"), counts.shape, strict=False
        )
    )
    return drawn_scores(counts, seeds, patients)


def _estimates(values: Floats, drawn: Floats, counts: Ints) -> tuple[Estimate, ...]:
    seeds, patients = counts.shape[:2]
    return tuple(
        Estimate(
            float(value) if np.isfinite(value) else None,
            percentiles(column, LEVEL) if patients > 1 and np.isfinite(value) else None,
            seeds,
        )
        for value, column in zip(values, drawn.T, strict=True)
    )
