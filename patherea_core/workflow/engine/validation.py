"""How well a network in training finds the cells of whole validation tiles, at every threshold at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.score_curve import hits_by_score, of_class
from patherea_core.evaluation.scores import ClassCounts, check_classes, mean_f1
from patherea_core.geometry import Ints

#: Score thresholds among which the best on the validation fold is found.
THRESHOLDS = tuple(round(0.1 + 0.05 * step, 2) for step in range(18))


@dataclass(frozen=True, slots=True, eq=False)
class ThresholdCounts:
    """Counts of T classes and, in the last row, of any class, at K thresholds; they add up over tiles.

    Attributes:
        thresholds: K of them.
        true_positives: (T + 1, K) detections that score as much and are paired.
        detections: (T + 1, K) all detections that score as much.
        points: (T + 1,) points, whatever the threshold.
    """

    thresholds: tuple[float, ...]
    true_positives: Ints
    detections: Ints
    points: Ints

    @classmethod
    def none(cls, thresholds: tuple[float, ...], class_count: int) -> "ThresholdCounts":
        """Return zero of everything, the start of a sum."""
        rows = class_count + 1
        return cls.from_numbers(
            thresholds, np.zeros((rows, 2 * len(thresholds) + 1), dtype=np.int64)
        )

    @classmethod
    def from_numbers(cls, thresholds: tuple[float, ...], numbers: Ints) -> "ThresholdCounts":
        """Return the counts that are the (T + 1, 2K + 1) ``numbers`` of others, or sums of them."""
        hits, found, points = np.split(numbers, [len(thresholds), 2 * len(thresholds)], axis=1)
        return cls(thresholds, hits, found, points[:, 0])

    @property
    def numbers(self) -> Ints:
        """(T + 1, 2K + 1) all counts in one array, to be summed over processes."""
        numbers: Ints = np.hstack([self.true_positives, self.detections, self.points[:, None]])
        return numbers

    def __add__(self, other: "ThresholdCounts") -> "ThresholdCounts":
        return self.from_numbers(self.thresholds, self.numbers + other.numbers)

    def at(self, threshold: float) -> ClassCounts:
        """Return the counts at one of the thresholds."""
        column = self.thresholds.index(threshold)
        hits, found = self.true_positives[:, column], self.detections[:, column]
        rows = zip(hits.tolist(), found.tolist(), self.points.tolist(), strict=True)
        *per_class, any_class = (
            Counts(hit, found - hit, points - hit) for hit, found, points in rows
        )
        return ClassCounts(tuple(per_class), any_class)

    def best(self) -> float:
        """Return the threshold with the highest mean F1; of equals the lowest."""
        return max(self.thresholds, key=lambda one: mean_f1(self.at(one).per_class) or 0.0)


def count_at(
    thresholds: tuple[float, ...], field: Field, class_count: int, radius: float
) -> ThresholdCounts:
    """Return the counts of one tile, exactly those of a maximum pairing at each threshold.

    One search for all thresholds takes no longer than that for the lowest.

    Args:
        thresholds: least scores of the detections that count.
        field: the tile with its detections and points, clipped to its labelled area.
        class_count: number of classes (T).
        radius: accepted distance, inclusive (r).

    Raises:
        TaxonomyError: a detection or point has a class beyond the last one.
        InputError: the radius is no positive number.
    """
    check_classes(field.detections, field.points, class_count)
    least = np.array(thresholds)[:, None]
    rows = []
    for row in (*range(class_count), None):
        chosen = of_class(field, row)
        reached = chosen.detections.score >= least
        hits = (reached & hits_by_score(chosen, radius)).sum(axis=1)
        rows.append([*hits, *reached.sum(axis=1), len(chosen.points)])
    return ThresholdCounts.from_numbers(thresholds, np.array(rows, dtype=np.int64))


def thresholds_for(wanted: float | None) -> tuple[float, ...]:
    """Return the thresholds to count at: all among which one is to be found, or the one that is given."""
    return THRESHOLDS if wanted is None else (wanted,)


Row = dict[str, float | None]


def scores_of(counts: ThresholdCounts, names: Sequence[str]) -> Row:
    """Return the scores at the best threshold, by the names they have in a run's history."""
    threshold = counts.best()
    chosen = counts.at(threshold)
    row: Row = {
        "threshold": threshold,
        "validation_mean_f1": mean_f1(chosen.per_class),
        "validation_any_class_f1": chosen.any_class.f1,
    }
    for name, of_one in zip(names, chosen.per_class, strict=True):
        row[f"validation_{name}_f1"] = of_one.f1
    return row


def best_row(history: Sequence[Row]) -> Row:
    """Return the row with the highest mean F1; the first of equals."""
    return max(history, key=lambda row: row["validation_mean_f1"] or 0.0)


def out_of_patience(history: Sequence[Row], patience: int) -> bool:
    """Tell whether so many validations in a row brought no better score; never if ``patience`` is 0."""
    if not (patience and history):
        return False
    return len(history) - 1 - history.index(best_row(history)) >= patience


def is_validated(epoch: int, epochs: int, validations: int) -> bool:
    """Tell whether an epoch, counted from 0, is one of those after which a training is validated.

    They are spread evenly, and the last one is among them.
    """
    return (epoch + 1) * validations // epochs > epoch * validations // epochs
