"""Which fold every exported region is in: that of its patient, or its own where there is one patient."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from patherea_core.data.finding import counted
from patherea_core.data.folds import assign_folds, assign_region_folds
from patherea_core.errors import DatasetError
from plugin.commands.export_slides import AnnotatedSlide, OwnRegion, Place

log = logging.getLogger(__name__)

#: Parts of a dataset unless a number is given: to train on, to validate on, to test on.
_USUAL_FOLDS = 3


def require_enough(patients: Iterable[str], wanted: int | None) -> None:
    """Check before annotations are read that there are patients for the folds.

    Of one patient the regions are shared out, and nobody knows yet how many there are.

    Raises:
        DatasetError: there are fewer patients than folds.
    """
    count = len(set(patients))
    if wanted is not None and 1 < count < wanted:
        raise DatasetError(
            f"--folds {wanted} is more than the {count} patients whose slides are labelled, and no patient is"
            " in two folds; take fewer folds, or label slides of more patients"
        )


def folds_of(sources: Sequence[AnnotatedSlide], wanted: int | None) -> dict[Place, int]:
    """Return the fold of each region.

    Regions of one patient are in one fold. Where there is one patient only, regions that share an area,
    as those of two annotators do, are in one fold.

    Args:
        sources: the slides.
        wanted: how many folds; None takes three, or fewer where there are fewer patients.

    Raises:
        DatasetError: there are fewer patients than folds.
    """
    one_patient = len({source.patient for source in sources}) == 1
    keys: dict[Place, str] = {}
    points: Counter[str] = Counter()
    for source in sources:
        islands = _islands(source)
        for place, own in zip(source.places, source.regions, strict=True):
            keys[place] = islands[place] if one_patient else source.patient
            points[keys[place]] += len(own.region.points)
    if one_patient:
        log.warning(
            "all slides are of one patient, so the folds are made of regions; "
            "scores will look better than they are"
        )
    folds = min(_USUAL_FOLDS, len(points)) if wanted is None else wanted
    if folds < _USUAL_FOLDS and wanted is None:
        what = "regions" if one_patient else "patients"
        number = counted(folds, "fold", "folds")
        log.warning("%s only, since there are no more %s; label more", number, what)
    assigned = (assign_region_folds if one_patient else assign_folds)(points, folds)
    return {place: assigned[key] for place, key in keys.items()}


def _islands(source: AnnotatedSlide) -> Mapping[Place, str]:
    """Return for each region the first one that it shares an area with, maybe by way of others."""
    first = list(range(len(source.regions)))
    for row, other in combinations(range(len(first)), 2):
        if _meet(source.regions[row], source.regions[other]):
            low, high = sorted((first[row], first[other]))
            first = [low if one == high else one for one in first]
    names = [f"{source.slide.name}/{own.region.name}" for own in source.regions]
    return {place: names[row] for place, row in zip(source.places, first, strict=True)}


def _meet(one: OwnRegion, other: OwnRegion) -> bool:
    """Tell whether regions of two annotators share an area; those of one never do."""
    return one.annotator != other.annotator and bool(
        one.region.outline.intersection(other.region.outline).area > 0
    )
