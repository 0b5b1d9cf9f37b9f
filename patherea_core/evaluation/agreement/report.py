"""How far observers of the same regions agree: persons with each other, and a model with persons."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from patherea_core.errors import InputError
from patherea_core.evaluation.agreement.axis import Axis, axis_of
from patherea_core.evaluation.agreement.observers import (
    Observer,
    PairAgreement,
    SharedCells,
    agreement_of_two,
    shared_cells,
)
from patherea_core.evaluation.agreement.quantities import (
    QuantityAgreement,
    agreement_about,
    quantities,
)
from patherea_core.evaluation.intervals import GroupedBy
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Marked:
    """How much an observer marked.

    Attributes:
        name: what the observer is called.
        is_model: whether it is a model.
        cells: how many cells it marked.
    """

    name: str
    is_model: bool
    cells: int

    @classmethod
    def by(cls, observer: Observer) -> "Marked":
        """Return how much one observer marked."""
        return cls(observer.name, observer.is_model, observer.cells)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far observers agree about cells, about their classes, and about what is counted.

    Attributes:
        taxonomy: the classes.
        radius: largest distance of two marks of one cell, inclusive (r), in base pixels.
        regions: how many regions all observers marked.
        groups: how many patients, or images where patients are unknown, were drawn for intervals.
        grouped_by: which of the two they are.
        level: of all intervals.
        observers: how much each of them marked.
        pairs: every two observers, in their order.
        axis: agreement between persons, and of the model with them.
        people: the cells that all persons share; None with fewer than two.
        everybody: the cells that all persons and the model share; None without a model.
        quantities: agreement about numbers of cells and the Ki-67 index of the regions.
    """

    taxonomy: Taxonomy
    radius: float
    regions: int
    groups: int
    grouped_by: GroupedBy
    level: float
    observers: tuple[Marked, ...]
    pairs: tuple[PairAgreement, ...]
    axis: Axis
    people: SharedCells | None
    everybody: SharedCells | None
    quantities: tuple[QuantityAgreement, ...]

    def to_dict(self) -> dict[str, object]:
        """Return all figures ready for JSON; what is undefined is None."""
        people, model = self.axis.people, self.axis.model
        return {
            "radius": self.radius,
            "unit": "px",
            "regions": self.regions,
            "groups": self.groups,
            "grouped_by": self.grouped_by,
            "level": self.level,
            "classes": list(self.taxonomy.names),
            "observers": [
                {"name": marked.name, "model": marked.is_model, "cells": marked.cells}
                for marked in self.observers
            ],
            "pairs": [self._pair(pair) for pair in self.pairs],
            "between_people": None if people is None else people.figures(),
            "model_to_people": None if model is None else model.figures(),
            "model_less_people_mean_f1": self.axis.difference.figures(),
            "shared_cells": {"people": _shared(self.people), "everybody": _shared(self.everybody)},
            "quantities": [quantity.summary() for quantity in self.quantities],
        }

    def _pair(self, pair: PairAgreement) -> dict[str, object]:
        counts = pair.counts
        return {
            "first": pair.first,
            "second": pair.second,
            "with_model": pair.with_model,
            "f1": {
                name: counts.f1
                for name, counts in zip(self.taxonomy.names, counts.per_class, strict=True)
            },
            "mean_f1": pair.mean_f1,
            "any_class_f1": counts.any_class.f1,
            "paired_cells": pair.paired_cells,
            "confusion": [list(row) for row in pair.confusion],
            "kappa": pair.kappa,
        }


def _shared(cells: SharedCells | None) -> dict[str, object] | None:
    if cells is None:
        return None
    return {"observers": cells.observers, "cells": cells.cells, "fleiss_kappa": cells.kappa}


def agree(
    observers: Sequence[Observer],
    taxonomy: Taxonomy,
    radius: float,
    seed: Seed,
    *,
    patients: Sequence[str] | None = None,
    level: float = 0.95,
) -> Agreement:
    """Return how far observers of the same regions agree.

    Args:
        observers: two or more, of different names, at most one of them a model.
        taxonomy: the classes of all of them.
        radius: largest distance of two marks of one cell in base pixels, inclusive (r).
        seed: root of the intervals' draws.
        patients: of each region, drawn together for intervals; None if they are unknown, which draws
            every region, an image, by itself.
        level: of all intervals.

    Raises:
        InputError: the observers cannot be compared, or a setting makes no sense.
        TaxonomyError: a cell has a class beyond the last one.
    """
    _require_comparable(observers, patients)
    class_count, regions = len(taxonomy), len(observers[0].regions)
    every_two = combinations(observers, 2)
    pairs = tuple(agreement_of_two(one, other, class_count, radius) for one, other in every_two)
    names = [str(row) for row in range(regions)] if patients is None else patients
    people = [observer for observer in observers if not observer.is_model]
    of_people = shared_cells(people, class_count, radius) if len(people) > 1 else None
    with_model = len(people) < len(observers)
    return Agreement(
        taxonomy=taxonomy,
        radius=radius,
        regions=regions,
        groups=len(set(names)),
        grouped_by="images" if patients is None else "patients",
        level=level,
        observers=tuple(Marked.by(observer) for observer in observers),
        pairs=pairs,
        axis=axis_of(pairs, names, seed, level=level),
        people=of_people,
        everybody=shared_cells(observers, class_count, radius) if with_model else None,
        quantities=tuple(
            agreement_about(quantity, observers, level)
            for quantity in quantities(observers, taxonomy)
        ),
    )


def _require_comparable(observers: Sequence[Observer], patients: Sequence[str] | None) -> None:
    if len(observers) < 2:
        raise InputError(f"agreement needs two observers or more, not {len(observers)}")
    names = [observer.name for observer in observers]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InputError(f"two observers are called {double[0]!r}; give each a name of its own")
    if sum(observer.is_model for observer in observers) > 1:
        raise InputError("more than one observer is a model; compare one model at a time")
    regions = len(observers[0].regions)
    if not regions:
        raise InputError("there is nothing to compare; give at least one region")
    if patients is not None and len(patients) != regions:
        raise InputError(f"{regions} regions need as many patients, not {len(patients)}")
