"""Whether one model is better than another: both are resampled with the same groups of regions.

The interval is that of a paired bootstrap. The p value is that of exchanging the two models at random,
group by group: unlike the share of bootstrap draws beyond zero, it keeps its level with few patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.intervals import Interval, percentiles, require_share
from patherea_core.evaluation.resampling import (
    exchanged,
    f1,
    mean_of_defined,
    mean_of_occurring,
    resampled,
    tallies,
)
from patherea_core.evaluation.scores import ClassCounts
from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.seeding import Seed

#: Differences of scores that are not further apart are equal.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Difference:
    """The score of the first model less that of the second.

    Attributes:
        value: on all groups; None if the score of one of the models is undefined.
        interval: over the draws; None as well with fewer than two groups.
        p_value: two-sided, of "the models are interchangeable" (see ``compare``); likewise.
    """

    value: float | None
    interval: Interval | None
    p_value: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How much better the first of two models is.

    Attributes:
        per_class: difference of F1, one for each row of the taxonomy.
        any_class: difference of F1 whatever the class.
        mean_f1: difference of the mean F1 over the classes that occur.
        level: share of draws inside an interval.
        draws: how often the groups were drawn.
        draws_of_mean: in how many of them all classes occur that do on all groups, for each model; the
            interval of the mean is over these.
        groups: how many groups there are.
    """

    per_class: tuple[Difference, ...]
    any_class: Difference
    mean_f1: Difference
    level: float
    draws: int
    draws_of_mean: int
    groups: int


def compare(
    first: Sequence[ClassCounts],
    second: Sequence[ClassCounts],
    seed: Seed,
    *,
    draws: int = 2000,
    level: float = 0.95,
) -> Comparison:
    """Return by how much the first model scores above the second, on the same groups.

    For the interval, every draw takes the same groups of both models, with replacement. For the p
    value, every draw tosses a coin for each group, which exchanges the counts of the two models there:
    p = (1 + #{|d'| ≥ |d|}) / (draws + 1) for the difference d and those d' of the draws. So p is never
    zero, it is 1 for two equal models, and with G groups it is hardly below 2 / 2**G: fewer than six
    patients show nothing at the 5 % level, even where the interval, too narrow then, leaves zero out.
    Draws in which a score is undefined are left out. For the interval of the mean, those are the draws
    that lack a class which the model's mean on all groups has (see ``bootstrap``). Exchanging models
    draws no groups: there every mean is taken like the observed one, over the classes that then occur.

    Args:
        first: counts of one model, of each patient (or image where patients are unknown).
        second: counts of the other, of the same groups in the same order.
        seed: root of the streams "bootstrap" and "exchange".
        draws: how often the groups are drawn, and how often the models are exchanged.
        level: share of draws inside an interval.

    Raises:
        InputError: the two are not of the same groups, there is no draw, or the level is no share.
    """
    require_share(level)
    both = _side_by_side(first, second)
    total = both.sum(axis=0, dtype=np.float64)
    observed = _differences(total[np.newaxis])[0]
    draws_of_mean = 0
    if len(both) < 2:
        found = [_alone(value) for value in observed]
    else:
        drawn = _differences(resampled(both, seed, draws), occurring=total[:, :-2].any(axis=-1))
        draws_of_mean = int(np.count_nonzero(np.isfinite(drawn[:, -1])))
        null = _differences(exchanged(both, seed, draws))
        found = [
            _difference(value, drawn[:, column], null[:, column], level)
            for column, value in enumerate(observed)
        ]
    return Comparison(
        tuple(found[:-2]), found[-2], found[-1], level, draws, draws_of_mean, len(both)
    )


def _side_by_side(first: Sequence[ClassCounts], second: Sequence[ClassCounts]) -> Ints:
    """Return (G, 2, T + 2, 3) counts of both models."""
    if len(first) != len(second) or not first:
        raise InputError(
            f"the models have {len(first)} and {len(second)} groups of regions; "
            "two models are compared on the same groups, at least one"
        )
    ours, theirs = tallies(first), tallies(second)
    if ours.shape != theirs.shape:
        raise InputError(
            "the models have different numbers of classes; count both with one taxonomy"
        )
    points, others = (counts[..., 0] + counts[..., 2] for counts in (ours, theirs))
    differing = np.flatnonzero((points != others).any(axis=1))
    if len(differing):
        raise InputError(
            f"group {differing[0] + 1} has other points for the first model than for the second; "
            "give both models' groups in one order, counted on the same regions"
        )
    return np.stack([ours, theirs], axis=1)


def _differences(sums: Floats, occurring: Bools | None = None) -> Floats:
    """Return (draws, T + 2) differences of F1: of each class, of any class, and of the mean.

    Args:
        sums: (draws, 2, T + 2, 3) counts of both models.
        occurring: (2, T) classes that each mean is over; None for those that occur in each draw.
    """
    scores = f1(sums[:, :, :-1])
    classes = scores[:, :, :-1]
    means = mean_of_defined(classes) if occurring is None else mean_of_occurring(classes, occurring)
    both = np.concatenate([scores, means[..., np.newaxis]], axis=-1)
    differences: Floats = both[:, 0] - both[:, 1]
    return differences


def _alone(value: float) -> Difference:
    return Difference(float(value) if np.isfinite(value) else None, None, None)


def _difference(value: float, drawn: Floats, null: Floats, level: float) -> Difference:
    if not np.isfinite(value):
        return _alone(value)
    defined = null[np.isfinite(null)]
    beyond = np.count_nonzero(np.abs(defined) >= abs(value) - _ROUNDING)
    return Difference(
        float(value), percentiles(drawn, level), float((1 + beyond) / (len(defined) + 1))
    )
