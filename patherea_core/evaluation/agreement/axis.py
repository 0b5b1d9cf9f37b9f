"""Agreement between persons, and of a model with persons, on one axis.

Nobody can ask a model to agree with persons more than they do with each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.evaluation.agreement.observers import PairAgreement
from patherea_core.evaluation.intervals import Interval, percentiles, require_share
from patherea_core.evaluation.resampling import (
    f1,
    mean_of_defined,
    mean_of_occurring,
    resampled,
    tallies,
)
from patherea_core.evaluation.scores import ClassCounts
from patherea_core.geometry import Floats
from patherea_core.seeding import Seed


@dataclass(frozen=True, slots=True)
class Spread:
    """One score over several pairs of observers; each is None if the score is undefined in all.

    Attributes:
        mean: over the pairs.
        least: of the pair that agrees least.
        most: of the pair that agrees most.
        interval: of the mean, over draws of groups of regions; None as well with fewer than two.
    """

    mean: float | None
    least: float | None
    most: float | None
    interval: Interval | None = None

    @classmethod
    def over(cls, scores: Sequence[float | None], interval: Interval | None = None) -> "Spread":
        """Return the spread of scores, those that are undefined left out."""
        defined = [score for score in scores if score is not None]
        if not defined:
            return cls(None, None, None)
        return cls(float(np.mean(defined)), min(defined), max(defined), interval)

    def figures(self) -> dict[str, object]:
        """Return all figures ready for JSON."""
        return {
            "mean": self.mean,
            "interval": None if self.interval is None else list(self.interval.bounds),
            "least": self.least,
            "most": self.most,
        }


@dataclass(frozen=True, slots=True)
class AgreementOfPairs:
    """How far the observers of some pairs agree.

    Attributes:
        pairs: how many pairs there are.
        mean_f1: of the mean F1 over classes.
        any_class_f1: of the F1 whatever the class.
        kappa: of Cohen's kappa; without interval.
    """

    pairs: int
    mean_f1: Spread
    any_class_f1: Spread
    kappa: Spread

    def figures(self) -> dict[str, object]:
        """Return all figures ready for JSON."""
        return {
            "pairs": self.pairs,
            "mean_f1": self.mean_f1.figures(),
            "any_class_f1": self.any_class_f1.figures(),
            "kappa": self.kappa.figures(),
        }


@dataclass(frozen=True, slots=True)
class Axis:
    """Persons beside the model.

    Attributes:
        people: of every two persons; None with fewer than two persons.
        model: of the model with every person; None without a model.
        difference: mean F1 of the model with persons, less that of persons with each other, with its
            interval over the same draws; None if there are not both.
    """

    people: AgreementOfPairs | None
    model: AgreementOfPairs | None
    difference: Estimate


#: (draws, P) mean F1 and any-class F1 of each pair.
_Drawn: TypeAlias = tuple[Floats, Floats]


def axis_of(
    pairs: Sequence[PairAgreement],
    groups: Sequence[str],
    seed: Seed,
    *,
    draws: int = 2000,
    level: float = 0.95,
) -> Axis:
    """Return how far persons agree with each other, and the model with them.

    Args:
        pairs: every two observers.
        groups: name of what each region is drawn with: its patient, or else its image.
        seed: root of the stream "bootstrap".
        draws: how often the groups are drawn.
        level: share of draws inside an interval.

    Raises:
        InputError: there is no draw, or the level is no share.
    """
    require_share(level)
    drawn = _drawn(pairs, groups, seed, draws) if len(set(groups)) > 1 else None
    columns = {
        with_model: [row for row, pair in enumerate(pairs) if pair.with_model is with_model]
        for with_model in (False, True)
    }
    people, model = (
        _agreement([pairs[row] for row in rows], _of_pairs(drawn, rows), level) if rows else None
        for rows in columns.values()
    )
    value = interval = None
    if people and model and people.mean_f1.mean is not None and model.mean_f1.mean is not None:
        value = model.mean_f1.mean - people.mean_f1.mean
        if drawn is not None:
            of_people, of_model = (mean_of_defined(drawn[0][:, rows]) for rows in columns.values())
            interval = percentiles(of_model - of_people, level)
    return Axis(people, model, Estimate(value, interval))


def _drawn(pairs: Sequence[PairAgreement], groups: Sequence[str], seed: Seed, draws: int) -> _Drawn:
    """Return the scores of all pairs, the same groups being drawn for all."""
    names = sorted(set(groups))
    of_pairs = []
    for pair in pairs:
        sums = {name: ClassCounts.none(len(pair.confusion)) for name in names}
        for name, counts in zip(groups, pair.regions, strict=True):
            sums[name] += counts
        of_pairs.append(tallies([sums[name] for name in names]))
    counts_of_groups = np.stack(of_pairs, axis=1)
    occurring = np.isfinite(f1(counts_of_groups.sum(axis=0).astype(np.float64)))[..., :-2]
    scores = f1(resampled(counts_of_groups, seed, draws))
    return mean_of_occurring(scores[..., :-2], occurring), scores[..., -2]


def _of_pairs(drawn: _Drawn | None, rows: Sequence[int]) -> _Drawn | None:
    return None if drawn is None else (drawn[0][:, rows], drawn[1][:, rows])


def _agreement(
    pairs: Sequence[PairAgreement], drawn: _Drawn | None, level: float
) -> AgreementOfPairs:
    of_mean, of_any_class = (
        (None, None)
        if drawn is None
        else (percentiles(mean_of_defined(part), level) for part in drawn)
    )
    return AgreementOfPairs(
        len(pairs),
        Spread.over([pair.mean_f1 for pair in pairs], of_mean),
        Spread.over([pair.counts.any_class.f1 for pair in pairs], of_any_class),
        Spread.over([pair.kappa for pair in pairs]),
    )
