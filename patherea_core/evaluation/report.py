"""The evaluation of detections on labelled regions, with what is needed to read it rightly."""

from collections.abc import Sequence
from dataclasses import dataclass

from patherea_core.errors import InputError
from patherea_core.evaluation.chance import ChanceLevel, chance_f1
from patherea_core.evaluation.confusion import (
    Confusion,
    PatientConfusion,
    class_confusion,
    patient_confusions,
)
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.flawed import FlawedCounts, flawed_counts
from patherea_core.evaluation.intervals import (
    GroupedBy,
    Intervals,
    bootstrap,
    group_counts,
    images_without_patient,
)
from patherea_core.evaluation.lines import CountingError, Line
from patherea_core.evaluation.scores import ClassCounts, count_regions, mean_f1, micro
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy

#: Random detections that are thrown in all draws together, at the most; each draw has as many as the model.
_MOST_THROWN = 2_000_000
_MOST_DRAWS = 20


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What took no part, since it lies outside of the region in which cells were labelled."""

    points: int
    detections: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How well detections agree with labelled points.

    Attributes:
        taxonomy: the classes.
        radius: accepted distance, inclusive (r).
        unit: what the radius is measured in.
        regions: the counts of each region.
        groups: the counts of each patient, or of each image where patients are unknown.
        grouped_by: which of the two.
        images_without_patient: where a patient is unknown, though others may be known.
        intervals: how far the scores would move with other groups.
        chance: what random detections would score.
        flawed: what two flawed protocols would have counted.
        confusion: which class the found cells were given.
        patients: the same of each patient; none unless every region knows its patient.
        fields_without_area: regions of unknown outline; chance is taken in a box there.
        own_radii: points that have a radius of their own.
        left_out: what lies outside of the regions.
    """

    taxonomy: Taxonomy
    radius: float
    unit: str
    regions: tuple[ClassCounts, ...]
    groups: tuple[ClassCounts, ...]
    grouped_by: GroupedBy
    images_without_patient: int
    intervals: Intervals
    chance: ChanceLevel
    flawed: FlawedCounts
    confusion: Confusion
    patients: tuple[PatientConfusion, ...]
    fields_without_area: int
    own_radii: int
    left_out: LeftOut

    @property
    def counts(self) -> ClassCounts:
        """Hits and misses, summed over regions."""
        return sum(self.regions, start=ClassCounts.none(len(self.taxonomy)))

    @property
    def mean_f1(self) -> float | None:
        """Mean F1 over the classes that occur; None if none does."""
        return mean_f1(self.counts.per_class)

    @property
    def absent_classes(self) -> tuple[str, ...]:
        """The classes with neither a point nor a detection, which are left out of the mean."""
        named = zip(self.taxonomy.names, self.counts.per_class, strict=True)
        return tuple(name for name, counts in named if not counts.occurs)

    @property
    def lines(self) -> tuple[Line, ...]:
        """All figures of each class, in the taxonomy's order."""
        counts = self.counts.per_class
        return tuple(
            Line(
                name,
                counts[row],
                self.intervals.per_class[row],
                self.chance.per_class[row],
                CountingError.over([region.per_class[row] for region in self.regions]),
            )
            for row, name in enumerate(self.taxonomy.names)
        )

    @property
    def any_class(self) -> Line:
        """All figures whatever the class."""
        return Line(
            "any class",
            self.counts.any_class,
            self.intervals.any_class,
            self.chance.any_class,
            CountingError.over([region.any_class for region in self.regions]),
        )

    @property
    def all_classes(self) -> Line:
        """All figures of the classes' counts taken together (micro)."""
        regions = [micro(region.per_class) for region in self.regions]
        return Line(
            "all classes",
            micro(self.counts.per_class),
            self.intervals.micro,
            None,
            CountingError.over(regions),
        )


def evaluate(
    fields: Sequence[Field], taxonomy: Taxonomy, radius: float, seed: Seed, *, unit: str = "px"
) -> Evaluation:
    """Return how well the detections of some regions agree with their points (paper, section 5).

    What lies outside of a region's area takes no part: nobody labelled there.

    Args:
        fields: the regions, all measured in one unit.
        taxonomy: the classes of detections and points.
        radius: accepted distance in that unit, inclusive (r).
        seed: root of the chance level and of the intervals.
        unit: what that unit is called.

    Raises:
        InputError: there is no region, or the radius is no positive number.
        TaxonomyError: a detection or point has a class beyond the last one.
    """
    if not fields:
        raise InputError("there is nothing to evaluate; give at least one labelled region")
    class_count = len(taxonomy)
    inner = [field.clipped() for field in fields]
    regions = count_regions(inner, class_count, radius)
    groups, grouped_by = group_counts(inner, regions)
    confusions = [class_confusion([field], class_count, radius) for field in inner]
    return Evaluation(
        taxonomy=taxonomy,
        radius=radius,
        unit=unit,
        regions=regions,
        groups=groups,
        grouped_by=grouped_by,
        images_without_patient=images_without_patient(fields),
        intervals=bootstrap(groups, seed),
        chance=chance_f1(inner, class_count, radius, seed, _draws(inner)),
        flawed=flawed_counts(inner, class_count, radius),
        confusion=sum(confusions, start=Confusion.none(class_count)),
        patients=patient_confusions(inner, confusions),
        fields_without_area=sum(field.area is None for field in fields),
        own_radii=sum(len(field.points) for field in inner if field.radius is not None),
        left_out=LeftOut(
            sum(len(field.points) for field in fields) - sum(len(field.points) for field in inner),
            sum(len(field.detections) for field in fields)
            - sum(len(field.detections) for field in inner),
        ),
    )


def _draws(fields: Sequence[Field]) -> int:
    """Return how often chance is tried: the more detections, the less it varies."""
    thrown = sum(len(field.detections) for field in fields)
    return min(_MOST_DRAWS, max(1, _MOST_THROWN // max(1, thrown)))
