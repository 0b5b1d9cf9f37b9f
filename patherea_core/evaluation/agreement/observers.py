"""Observers of the same regions, two by two and all together: which cells they share, and as what.

A model is one more observer, so its agreement with a person lies on the axis of that between persons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from patherea_core.errors import InputError
from patherea_core.evaluation.agreement.kappa import cohen_kappa, fleiss_kappa
from patherea_core.evaluation.pairing import pair
from patherea_core.evaluation.scores import ClassCounts, count_classes, mean_f1
from patherea_core.geometry import Ints
from patherea_core.points import Detections, Points


@dataclass(frozen=True, slots=True, eq=False)
class Observer:
    """A person or a model that marked the cells of some regions.

    Attributes:
        name: what it is called.
        regions: its cells, region by region, in an order that all observers share.
        is_model: whether it is a model.
    """

    name: str
    regions: tuple[Points, ...]
    is_model: bool = False

    @property
    def cells(self) -> int:
        """How many cells it marked."""
        return sum(len(points) for points in self.regions)


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """What two observers share; exchanging them changes no score.

    Attributes:
        first: name of one observer.
        second: name of the other.
        with_model: whether one of them is a model.
        regions: counts of each region; a true positive is a cell that both marked, a false positive
            one that only the first marked, a false negative one that only the second marked.
        confusion: (T, T) cells that both marked, whatever the class: rows for the class that the first
            gave, columns for that of the second.
    """

    first: str
    second: str
    with_model: bool
    regions: tuple[ClassCounts, ...]
    confusion: tuple[tuple[int, ...], ...]

    @property
    def counts(self) -> ClassCounts:
        """The counts summed over regions."""
        return sum(self.regions, start=ClassCounts.none(len(self.confusion)))

    @property
    def mean_f1(self) -> float | None:
        """Mean F1 over the classes that one of them gave; None without cells."""
        return mean_f1(self.counts.per_class)

    @property
    def paired_cells(self) -> int:
        """How many cells both marked, whatever the class."""
        return sum(map(sum, self.confusion))

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa of the classes of the cells that both marked; None if undefined."""
        return cohen_kappa(np.array(self.confusion, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class SharedCells:
    """The cells that all of several observers marked.

    A shared cell is one mark of every observer, of which every two are paired with each other. As a
    pairing is one to one, no mark is in two of them, and the observers' order changes none.

    Attributes:
        observers: how many observers there are.
        cells: how many cells they share.
        kappa: Fleiss' kappa of their classes; None if undefined.
    """

    observers: int
    cells: int
    kappa: float | None


def agreement_of_two(
    first: Observer, second: Observer, class_count: int, radius: float
) -> PairAgreement:
    """Return what two observers share.

    Args:
        first: one observer.
        second: another of the same regions.
        class_count: number of classes (T).
        radius: largest distance of two marks of one cell, inclusive (r).

    Raises:
        InputError: they differ in their number of regions, or the radius is no positive number.
        TaxonomyError: a cell has a class beyond the last one.
    """
    _require_same_regions([first, second])
    regions, confusion = [], np.zeros((class_count,) * 2, dtype=np.int64)
    for ours, theirs in zip(first.regions, second.regions, strict=True):
        regions.append(count_classes(_as_detections(ours), theirs, class_count, radius))
        pairs = pair(ours.xy, theirs.xy, radius, closest=True)
        classes = ours.class_index[pairs.detection_rows], theirs.class_index[pairs.point_rows]
        np.add.at(confusion, classes, 1)
    return PairAgreement(
        first.name,
        second.name,
        first.is_model or second.is_model,
        tuple(regions),
        tuple(tuple(row) for row in confusion.tolist()),
    )


def _as_detections(points: Points) -> Detections:
    return Detections(points.xy, points.class_index, np.ones(len(points)))


def shared_cells(observers: Sequence[Observer], class_count: int, radius: float) -> SharedCells:
    """Return the cells that all observers marked, and how far they agree about their classes.

    Args:
        observers: two or more, of the same regions.
        class_count: number of classes (T).
        radius: largest distance of two marks of one cell, inclusive (r).

    Raises:
        InputError: there are fewer than two observers, they differ in their number of regions, or the
            radius is no positive number.
    """
    if len(observers) < 2:
        raise InputError(f"agreement needs two observers or more, not {len(observers)}")
    _require_same_regions(observers)
    votes = [np.empty((0, class_count), dtype=np.int64)]
    for marks in zip(*(observer.regions for observer in observers), strict=True):
        rows = shared_rows(marks, radius)
        classes = np.column_stack(
            [points.class_index[rows[:, column]] for column, points in enumerate(marks)]
        )
        votes.append((classes[:, :, np.newaxis] == np.arange(class_count)).sum(axis=1))
    table = np.concatenate(votes)
    return SharedCells(len(observers), len(table), fleiss_kappa(table))


def shared_rows(marks: Sequence[Points], radius: float) -> Ints:
    """Return the cells of one region that all K observers marked.

    Args:
        marks: the cells of each observer.
        radius: largest distance of two marks of one cell, inclusive (r).

    Returns:
        (N, K) row of each shared cell among the cells of each observer, ascending for the first.
    """
    partner = {
        (one, other): _partners(marks[one], marks[other], radius)
        for one, other in combinations(range(len(marks)), 2)
    }
    of_first = [np.arange(len(marks[0])), *(partner[0, other] for other in range(1, len(marks)))]
    rows = np.column_stack(of_first)
    rows = rows[(rows >= 0).all(axis=1)]
    mutual = np.ones(len(rows), dtype=np.bool_)
    for (one, other), partners in partner.items():
        mutual &= partners[rows[:, one]] == rows[:, other]
    return rows[mutual]


def _partners(ours: Points, theirs: Points, radius: float) -> Ints:
    """Return the row of the other observer's cell that is paired with each of ours; -1 for none."""
    partners = np.full(len(ours), -1, dtype=np.int64)
    pairs = pair(ours.xy, theirs.xy, radius, closest=True)
    partners[pairs.detection_rows] = pairs.point_rows
    return partners


def _require_same_regions(observers: Sequence[Observer]) -> None:
    first = observers[0]
    for other in observers[1:]:
        if len(other.regions) != len(first.regions):
            raise InputError(
                f"observer {first.name!r} has {len(first.regions)} regions and {other.name!r} has "
                f"{len(other.regions)}; all must have marked the same regions"
            )
