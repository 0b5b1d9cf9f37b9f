"""Counts of simulated patients, whose cells resemble each other more than those of others."""

import numpy as np

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.scores import ClassCounts

#: Mean share of hits of a simulated patient, false positives for each cell, and the F1 they make.
HIT, FALSE = 8 / 10.5, 0.25
TRUE_F1 = 2 * HIT / (1 + HIT + FALSE)


def group(*per_class: tuple[int, int, int]) -> ClassCounts:
    """Return counts from true positives, false positives and false negatives of each class.

    Whatever the class, the counts are the classes' sum.
    """
    counts = tuple(Counts(*row) for row in per_class)
    return ClassCounts(counts, sum(counts, start=Counts.none()))


def patients(count: int, seed: int, *, gain: float = 0.0) -> list[ClassCounts]:
    """Return the counts of one class of random patients, each with a hit rate of its own."""
    return patients_of_two(count, seed, gain=gain)[0]


def patients_of_two(
    count: int, seed: int, *, gain: float = 0.0
) -> tuple[list[ClassCounts], list[ClassCounts]]:
    """Return the same patients under two models; the first has so many more hits."""
    random = np.random.default_rng(seed)
    cells = 1 + random.negative_binomial(3, 3 / 63, size=count)
    hit = random.beta(8, 2.5, size=count)
    first, second = (
        [
            group((int(found), int(wrong), int(number - found)))
            for found, wrong, number in zip(
                random.binomial(cells, np.clip(hit + more, 0, 1)),
                random.poisson(cells * FALSE),
                cells,
                strict=True,
            )
        ]
        for more in (gain, 0.0)
    )
    return first, second
