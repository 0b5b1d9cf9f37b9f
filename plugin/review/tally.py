"""The changes counted: how many of each kind, and how good the model was in the reviewer's eyes. Pure.

Accepted and moved cells are hits of their class. A deleted cell is a false alarm, an added one a miss, and
a relabelled one is a false alarm of the model's class and a miss of the reviewer's, but a hit of any class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.intervals import Interval, ScoreIntervals, bootstrap
from patherea_core.evaluation.proportion import score_intervals
from patherea_core.evaluation.scores import ClassCounts, mean_f1
from patherea_core.geometry import Bools, Ints
from patherea_core.seeding import Seed
from plugin.review.changes import KINDS, Changes


@dataclass(frozen=True, slots=True)
class ReviewScores:
    """How good the model was in the reviewer's eyes.

    Attributes:
        counts: summed over the reviewed areas.
        per_class: intervals of the scores of each class.
        any_class: intervals whatever the class.
        areas: how many there are.
        bootstrapped: whether the areas were drawn for the intervals; if not, the cells of the one area are
            taken for independent.
        mean_interval: of the mean F1; None if nothing was drawn.
    """

    counts: ClassCounts
    per_class: tuple[ScoreIntervals, ...]
    any_class: ScoreIntervals
    areas: int
    bootstrapped: bool
    mean_interval: Interval | None = None

    @property
    def mean_f1(self) -> float | None:
        """Mean F1 over the classes that occur."""
        return mean_f1(self.counts.per_class)


def area_counts(changes: Changes, owner: Ints, areas: int, classes: int) -> tuple[ClassCounts, ...]:
    """Return hits, false alarms and misses of each reviewed area.

    Args:
        changes: what became of every cell.
        owner: (C,) the area that each cell lies in, -1 for none.
        areas: how many areas there are.
        classes: number of classes (T).
    """
    before, after = changes.class_before, changes.class_after
    same = before == after
    hits = _table(owner, before, same, areas, classes)
    alarms = _table(owner, before, ~same & (before >= 0), areas, classes)
    misses = _table(owner, after, ~same & (after >= 0), areas, classes)
    nothing = np.zeros(len(changes), dtype=np.int64)
    found = _table(owner, nothing, changes.kept, areas, 1)[:, 0]
    vain = _table(owner, nothing, changes.after < 0, areas, 1)[:, 0]
    missed = _table(owner, nothing, changes.before < 0, areas, 1)[:, 0]
    return tuple(
        ClassCounts(
            tuple(
                Counts(int(hits[row, of]), int(alarms[row, of]), int(misses[row, of]))
                for of in range(classes)
            ),
            Counts(int(found[row]), int(vain[row]), int(missed[row])),
        )
        for row in range(areas)
    )


def review_scores(areas: Sequence[ClassCounts], classes: int, seed: Seed) -> ReviewScores:
    """Return the scores with intervals: of a bootstrap over areas, or of the cells of the only one.

    Args:
        areas: counts of each reviewed area.
        classes: number of classes (T).
        seed: root of the bootstrap.
    """
    total = sum(areas, start=ClassCounts.none(classes))
    if len(areas) > 1:
        intervals = bootstrap(areas, seed)
        per_class, any_class = intervals.per_class, intervals.any_class
        return ReviewScores(
            total,
            per_class,
            any_class,
            len(areas),
            bootstrapped=True,
            mean_interval=intervals.mean_f1,
        )
    return ReviewScores(
        total,
        tuple(score_intervals(counts) for counts in total.per_class),
        score_intervals(total.any_class),
        len(areas),
        bootstrapped=False,
    )


def kind_counts(changes: Changes, classes: int) -> Ints:
    """Return (T, 5) how many cells of each class there are of each of ``KINDS``.

    A cell counts for the class that the model gave, an added one for the reviewer's.
    """
    of = np.where(changes.before >= 0, changes.class_before, changes.class_after)
    return _table(of, changes.kind, np.ones(len(changes), np.bool_), classes, len(KINDS))


def relabellings(changes: Changes, classes: int) -> Ints:
    """Return (T, T) how many cells of each class of the model the reviewer gave each class."""
    return _table(changes.class_before, changes.class_after, changes.kept, classes, classes)


def _table(rows: Ints, columns: Ints, which: Bools, height: int, width: int) -> Ints:
    """Return (height, width) how often each row meets each column; a negative row takes no part."""
    chosen = which & (rows >= 0)
    flat = np.bincount(rows[chosen] * width + columns[chosen], minlength=height * width)
    return flat.reshape(height, width).astype(np.int64)
