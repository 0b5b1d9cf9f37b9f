"""What observers would report of each region: numbers of cells and the Ki-67 index, and how they agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from patherea_core.evaluation.agreement.intraclass import Intraclass, intraclass
from patherea_core.evaluation.agreement.limits import Limits
from patherea_core.evaluation.agreement.observers import Observer
from patherea_core.geometry import Floats
from patherea_core.taxonomy import Taxonomy

#: The classes of which the Ki-67 index is made.
POSITIVE, NEGATIVE = "positive", "negative"


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """One figure of every region by every observer.

    Attributes:
        name: what it is called.
        unit: what it is measured in; empty for a share.
        figures: (R, K), a row for each region and a column for each observer; NaN where undefined.
    """

    name: str
    unit: str
    figures: Floats


@dataclass(frozen=True, slots=True, eq=False)
class PairOfFigures:
    """How far two observers' figures lie apart.

    Attributes:
        first: name of one observer.
        second: name of the other.
        with_model: whether one of them is a model.
        figures: (R, 2) of the regions for which both have one.
        left_out: regions for which one of them has none.
        limits: Bland and Altman's, the first less the second.
        correlations: intraclass, of these two alone.
    """

    first: str
    second: str
    with_model: bool
    figures: Floats
    left_out: int
    limits: Limits
    correlations: Intraclass

    def summary(self) -> dict[str, object]:
        """Return the figures ready for JSON."""
        return {
            "first": self.first,
            "second": self.second,
            "with_model": self.with_model,
            "left_out": self.left_out,
            **self.limits.figures(),
            **self.correlations.figures(),
        }


@dataclass(frozen=True, slots=True)
class QuantityAgreement:
    """How observers agree about one figure of the regions.

    Attributes:
        name: of the figure.
        unit: what it is measured in; empty for a share.
        people: intraclass correlations of all persons; None with fewer than two.
        left_out: regions for which a person has no figure; they take no part in ``people``.
        pairs: of every two observers, in their order.
    """

    name: str
    unit: str
    people: Intraclass | None
    left_out: int
    pairs: tuple[PairOfFigures, ...]

    def summary(self) -> dict[str, object]:
        """Return the figures ready for JSON."""
        return {
            "name": self.name,
            "unit": self.unit or None,
            "people": (
                None
                if self.people is None
                else {"left_out": self.left_out, **self.people.figures()}
            ),
            "pairs": [pair.summary() for pair in self.pairs],
        }


def quantities(observers: Sequence[Observer], taxonomy: Taxonomy) -> tuple[Quantity, ...]:
    """Return the figures: all cells, the cells of each class, and the Ki-67 index.

    The index is positive / (positive + negative) of the classes of these names, undefined in a region
    without either; it is left out if the taxonomy lacks one of them. With one class only, its cells
    are all cells, and left out.
    """
    counts = np.array(
        [
            [
                np.bincount(points.class_index, minlength=len(taxonomy))
                for points in observer.regions
            ]
            for observer in observers
        ],
        dtype=np.float64,
    ).transpose(1, 0, 2)
    found = [Quantity("cells", "cells", counts.sum(axis=2))]
    if len(taxonomy) > 1:
        found += [
            Quantity(name, "cells", counts[:, :, row]) for row, name in enumerate(taxonomy.names)
        ]
    if {POSITIVE, NEGATIVE} <= set(taxonomy.names):
        positive, negative = (counts[:, :, taxonomy.index(name)] for name in (POSITIVE, NEGATIVE))
        found.append(Quantity("Ki-67 index", "", _shares(positive, positive + negative)))
    return tuple(found)


def _shares(part: Floats, whole: Floats) -> Floats:
    share = np.full(whole.shape, np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def agreement_about(
    quantity: Quantity, observers: Sequence[Observer], level: float = 0.95
) -> QuantityAgreement:
    """Return how the observers agree about one figure of the regions.

    Args:
        quantity: the figure, by these observers.
        observers: who they are.
        level: of the intervals.
    """
    people = [column for column, observer in enumerate(observers) if not observer.is_model]
    of_people = _complete(quantity.figures[:, people])
    return QuantityAgreement(
        quantity.name,
        quantity.unit,
        intraclass(of_people, level) if len(people) > 1 else None,
        len(quantity.figures) - len(of_people),
        tuple(
            _pair(quantity.figures[:, [one, other]], (observers[one], observers[other]), level)
            for one, other in combinations(range(len(observers)), 2)
        ),
    )


def _pair(figures: Floats, observers: tuple[Observer, Observer], level: float) -> PairOfFigures:
    first, second = observers
    complete = _complete(figures)
    return PairOfFigures(
        first.name,
        second.name,
        first.is_model or second.is_model,
        complete,
        len(figures) - len(complete),
        Limits.between(complete[:, 0], complete[:, 1], level),
        intraclass(complete, level),
    )


def _complete(figures: Floats) -> Floats:
    """Return the rows without an undefined figure."""
    return figures[np.isfinite(figures).all(axis=1)]
