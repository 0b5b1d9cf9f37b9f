"""Two models side by side: the same images in the same order, whichever of them either model names."""

from patherea_core.evaluation.comparison import Comparison, compare
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.intervals import group_counts
from patherea_core.evaluation.scores import ClassCounts, count_regions
from patherea_core.points import Detections
from patherea_core.seeding import Seed
from plugin.commands.evaluation_fields import Fields


def compared(ours: Fields, theirs: Fields, radius: float, seed: Seed) -> Comparison:
    """Return how much better our model does than theirs, on the images of both.

    An image that only one model names has no detection of the other one.

    Args:
        ours: images with the detections of one model.
        theirs: the same person's points with the detections of the other.
        radius: accepted distance in base pixels.
        seed: root of the resampling.

    Raises:
        TaxonomyError: the two are of different classes.
    """
    ours.taxonomy.require_same(theirs.taxonomy.names, "the model that is compared with")
    own = {field.name: field for field in ours.fields}
    other = {field.name: field for field in theirs.fields}
    first, second = [], []
    for name in dict.fromkeys((*own, *other)):
        labelled = own.get(name) or other[name]
        first.append(_with(labelled, own.get(name)))
        second.append(_with(labelled, other.get(name)))
    class_count = len(ours.taxonomy)
    return compare(_groups(first, class_count, radius), _groups(second, class_count, radius), seed)


def _with(labelled: Field, found: Field | None) -> Field:
    """Return a labelled image with what a model found in it."""
    detections = Detections.none() if found is None else found.detections
    return Field(
        labelled.name,
        detections,
        labelled.points,
        labelled.area,
        labelled.patient,
        labelled.radius,
    ).clipped()


def _groups(fields: list[Field], class_count: int, radius: float) -> tuple[ClassCounts, ...]:
    return group_counts(fields, count_regions(fields, class_count, radius))[0]
