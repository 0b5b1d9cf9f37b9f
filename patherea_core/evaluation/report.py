"""The evaluation of detections on labelled regions: as values, as JSON, and as a table for people."""

from collections.abc import Sequence
from dataclasses import dataclass

from patherea_core.errors import InputError
from patherea_core.evaluation.chance import ChanceLevel, chance_f1
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.lines import HEADER, CountingError, Line, aligned, as_text
from patherea_core.evaluation.scores import ClassCounts, count_classes, mean_f1
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy

__all__ = ["CountingError", "Evaluation", "Field", "Line", "evaluate"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well detections agree with labelled points.

    Attributes:
        taxonomy: the classes.
        radius: accepted distance, inclusive (r).
        unit: what the radius is measured in.
        field_count: number of regions.
        counts: hits and misses, summed over regions.
        chance: what random detections would score.
        counting_errors: one for each class.
        any_class_counting_error: the same whatever the class.
        fields_without_area: regions of unknown outline; chance is taken in a box there.
        points_outside: points left out because they lie outside of their region's outline.
        detections_outside: detections left out for the same reason.
    """

    taxonomy: Taxonomy
    radius: float
    unit: str
    field_count: int
    counts: ClassCounts
    chance: ChanceLevel
    counting_errors: tuple[CountingError, ...]
    any_class_counting_error: CountingError
    fields_without_area: int
    points_outside: int
    detections_outside: int

    @property
    def mean_f1(self) -> float | None:
        """Mean F1 over the classes that occur; None if none does."""
        return mean_f1(self.counts.per_class)

    @property
    def lines(self) -> tuple[Line, ...]:
        """All figures of each class, in the taxonomy's order."""
        return tuple(
            Line(*parts)
            for parts in zip(
                self.taxonomy.names,
                self.counts.per_class,
                self.chance.per_class,
                self.counting_errors,
                strict=True,
            )
        )

    @property
    def any_class(self) -> Line:
        """All figures whatever the class."""
        return Line(
            "any class",
            self.counts.any_class,
            self.chance.any_class,
            self.any_class_counting_error,
        )

    def to_dict(self) -> dict[str, object]:
        """Return all figures ready for JSON; an undefined score is None."""
        return {
            "radius": self.radius,
            "unit": self.unit,
            "regions": self.field_count,
            "classes": [{"name": line.name, **line.figures()} for line in self.lines],
            "mean": {"f1": self.mean_f1, "chance_f1": self.chance.mean},
            "any_class": self.any_class.figures(),
            "chance": {
                "draws": self.chance.draws,
                "regions_without_outline": self.fields_without_area,
            },
            "left_out": {"points": self.points_outside, "detections": self.detections_outside},
        }

    def table(self) -> str:
        """Return an aligned plain-text table with a row for each class, and what the figures mean."""
        mean = ("mean", *[""] * 7, as_text(self.mean_f1), as_text(self.chance.mean), "")
        rows = [HEADER, *(line.cells() for line in self.lines), mean, self.any_class.cells()]
        return "\n".join([*aligned(rows), "", *self._notes()]) + "\n"

    def _notes(self) -> list[str]:
        notes = [
            f"Radius: {self.radius:g} {self.unit}, inclusive. Regions: {self.field_count}.",
            "Pairing: one to one and as many pairs as possible, within each class, and across classes for "
            '"any class". Counts are summed over regions, then scored.',
            "Chance F1: as many detections of each class at random places in the same area; mean of "
            f"{self.chance.draws} draws.",
            "Counting error: detections less points; in brackets, summed over regions without signs.",
            "Mean: over the classes that occur. –: undefined.",
        ]
        if self.fields_without_area:
            notes.append(
                f"Regions of unknown outline: {self.fields_without_area}; chance is taken in the bounding "
                "box of their points and detections there."
            )
        if self.points_outside or self.detections_outside:
            notes.append(
                f"Left out, since they lie outside of the regions: {self.points_outside} points, "
                f"{self.detections_outside} detections."
            )
        return notes


def evaluate(
    fields: Sequence[Field], taxonomy: Taxonomy, radius: float, seed: Seed, *, unit: str = "px"
) -> Evaluation:
    """Return how well the detections of some regions agree with their points (paper, section 5).

    What lies outside of a region's area takes no part: nobody labelled there.

    Args:
        fields: the regions, all measured in one unit.
        taxonomy: the classes of detections and points.
        radius: accepted distance in that unit, inclusive (r).
        seed: root of the chance level.
        unit: what that unit is called.

    Raises:
        InputError: there is no region, or the radius is no positive number.
        TaxonomyError: a detection or point has a class beyond the last one.
    """
    if not fields:
        raise InputError("there is nothing to evaluate; give at least one labelled region")
    class_count = len(taxonomy)
    inner = [field.clipped() for field in fields]
    regions = [
        count_classes(field.detections, field.points, class_count, radius) for field in inner
    ]
    return Evaluation(
        taxonomy=taxonomy,
        radius=radius,
        unit=unit,
        field_count=len(fields),
        counts=sum(regions, start=ClassCounts.none(class_count)),
        chance=chance_f1(inner, class_count, radius, seed),
        counting_errors=tuple(
            CountingError.over([region.per_class[row] for region in regions])
            for row in range(class_count)
        ),
        any_class_counting_error=CountingError.over([region.any_class for region in regions]),
        fields_without_area=sum(field.area is None for field in fields),
        points_outside=_points(fields) - _points(inner),
        detections_outside=_detections(fields) - _detections(inner),
    )


def _points(fields: Sequence[Field]) -> int:
    return sum(len(field.points) for field in fields)


def _detections(fields: Sequence[Field]) -> int:
    return sum(len(field.detections) for field in fields)
