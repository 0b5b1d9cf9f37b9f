"""How far scores would move with other patients: percentile intervals of a bootstrap over groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.resampling import (
    f1,
    mean_of_occurring,
    precision,
    recall,
    resampled,
    tallies,
)
from patherea_core.evaluation.scores import ClassCounts
from patherea_core.geometry import Bools, Floats
from patherea_core.seeding import Seed

#: What a group is.
GroupedBy: TypeAlias = Literal["patients", "images"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a figure lies, both bounds included."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise InputError(f"an interval goes from low to high, not {self.low} to {self.high}")

    @property
    def bounds(self) -> tuple[float, float]:
        """Both bounds, ready for JSON."""
        return self.low, self.high

    def holds(self, value: float) -> bool:
        """Tell whether a value lies inside."""
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class ScoreIntervals:
    """The intervals of the scores of one class, of any class or of all classes together.

    Each is None if there are fewer than two groups, or if the score is undefined in every draw.
    """

    precision: Interval | None
    recall: Interval | None
    f1: Interval | None


@dataclass(frozen=True, slots=True)
class Intervals:
    """How far scores would move with other groups of the same kind.

    Attributes:
        per_class: one for each row of the taxonomy.
        any_class: whatever the class.
        micro: of the classes' counts summed before they are scored.
        mean_f1: of the mean F1 over the classes that occur; None if undefined in every draw.
        level: share of draws inside an interval.
        draws: how often the groups were drawn.
        draws_of_mean: in how many of them all these classes occur, which is where the mean is taken.
        groups: how many groups there are.
    """

    per_class: tuple[ScoreIntervals, ...]
    any_class: ScoreIntervals
    micro: ScoreIntervals
    mean_f1: Interval | None
    level: float
    draws: int
    draws_of_mean: int
    groups: int


def bootstrap(
    groups: Sequence[ClassCounts], seed: Seed, *, draws: int = 2000, level: float = 0.95
) -> Intervals:
    """Return percentile intervals of all scores.

    In every draw as many groups as there are are taken with replacement, their counts summed and then
    scored. A score that is undefined in a draw, because the class is absent from it, is left out of the
    interval. The mean is over the same classes in every draw, those that occur in all groups together:
    draws that lack one of them are left out of its interval, which is thus conditional on all of them
    occurring. With classes that few groups have, many draws are left out; how many remain is told.

    Args:
        groups: counts of each patient, or of each image where patients are unknown.
        seed: root of the stream "bootstrap".
        draws: how often the groups are drawn.
        level: share of draws inside an interval.

    Raises:
        InputError: there is no draw, the level is no share, or the groups differ in their classes.
    """
    require_share(level)
    class_count = len(groups[0].per_class) if groups else 0
    if len(groups) < 2:
        unknown = ScoreIntervals(None, None, None)
        return Intervals(
            (unknown,) * class_count, unknown, unknown, None, level, draws, 0, len(groups)
        )
    counts = tallies(groups)
    sums = resampled(counts, seed, draws)
    occurring: Bools = np.any(counts[:, :class_count], axis=(0, 2))
    means = mean_of_occurring(f1(sums[:, :class_count]), occurring)
    scores = [
        ScoreIntervals(
            *(percentiles(score(sums[:, row]), level) for score in (precision, recall, f1))
        )
        for row in range(class_count + 2)
    ]
    return Intervals(
        per_class=tuple(scores[:class_count]),
        any_class=scores[class_count],
        micro=scores[class_count + 1],
        mean_f1=percentiles(means, level),
        level=level,
        draws=draws,
        draws_of_mean=int(np.count_nonzero(np.isfinite(means))),
        groups=len(groups),
    )


def percentiles(values: Floats, level: float) -> Interval | None:
    """Return the middle share of (draws,) values, NaN left out; None if nothing is left."""
    defined = values[np.isfinite(values)]
    if not len(defined):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def require_share(level: float) -> None:
    """Raise InputError unless the level lies between 0 and 1, both excluded."""
    if not 0 < level < 1:
        raise InputError(f"the level of an interval lies between 0 and 1, say 0.95, not {level}")


def group_counts(
    fields: Sequence[Field], regions: Sequence[ClassCounts]
) -> tuple[tuple[ClassCounts, ...], GroupedBy]:
    """Return the counts summed over each group, and what a group is.

    A group is a patient if every field knows its patient, else an image: all fields of one name. The
    groups come in the order of their names, so the fields' order changes no interval. How many images
    keep patients from being the groups, ``images_without_patient`` tells.

    Args:
        fields: the regions.
        regions: the counts of each of them.

    Raises:
        InputError: there are not as many counts as fields.
    """
    if len(fields) != len(regions):
        raise InputError(f"{len(fields)} fields need as many counts, not {len(regions)}")
    patients = [field.patient for field in fields if field.patient is not None]
    of_patients = bool(fields) and len(patients) == len(fields)
    names = patients if of_patients else [field.name for field in fields]
    sums: dict[str, ClassCounts] = {}
    for name, counts in zip(names, regions, strict=True):
        sums[name] = sums[name] + counts if name in sums else counts
    groups = tuple(sums[name] for name in sorted(sums))
    return groups, "patients" if of_patients else "images"


def images_without_patient(fields: Sequence[Field]) -> int:
    """Return of how many images, which are all fields of one name, a patient is unknown."""
    return len({field.name for field in fields if field.patient is None})
