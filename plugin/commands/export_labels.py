"""The labels of slides of an archive: read, given to their annotators, and looked at again at the end."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from patherea_core.data.finding import counted
from patherea_core.errors import InputError, TaxonomyError
from patherea_core.progress import Progress
from patherea_core.taxonomy import Taxonomy
from plugin.commands.export_slides import AnnotatedSlide, OwnRegion
from plugin.dsa.annotation_codec import Shapes
from plugin.dsa.annotation_elements import ClassRule
from plugin.dsa.annotations import AnnotationSummary, list_annotations
from plugin.dsa.annotators import UNKNOWN, by_annotator, twice_labelled
from plugin.dsa.items import SlideItem
from plugin.dsa.label_choice import LabelChoice
from plugin.dsa.labels import PointsOutside, labelled_regions, naming, read_chosen
from plugin.dsa.people import People
from plugin.dsa.session import Session
from plugin.dsa.slide_folders import is_there, still_there

log = logging.getLogger(__name__)

#: Whether the labels of all annotators are put together, or each one's become samples of their own.
Annotators: TypeAlias = Literal["merge", "apart"]

#: Names of annotations in a message.
_MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class LabelReader:
    """Reads the labels of slides.

    Attributes:
        session: of the archive.
        choice: which annotations are labels.
        rule: how the class of a point is found.
        people: tells who made them.
    """

    session: Session
    choice: LabelChoice
    rule: ClassRule
    people: People

    def chosen(
        self, slides: Sequence[SlideItem], progress: Progress
    ) -> dict[SlideItem, tuple[AnnotationSummary, ...]]:
        """Return which annotations are labels, of every slide that has some; none is read yet.

        Raises:
            InputError: no slide has any; the message names the annotations that there are.
        """
        found: dict[SlideItem, tuple[AnnotationSummary, ...]] = {}
        others: dict[str, None] = {}
        for number, slide in enumerate(slides):
            progress.advance(number / len(slides), f"annotations of {slide.name}")
            with still_there(self.session, slide):
                there = list_annotations(self.session, slide.id)
            if chosen := self.choice.taken(there, self.people.person):
                found[slide] = chosen
            else:
                others |= {self._described(annotation): None for annotation in there}
                log.info("%s has no annotation to export; it is left out", slide.name)
        if not found:
            none = f"none of the {len(slides)} slides has an annotation"
            raise InputError(
                f"{'the slide has no annotation' if len(slides) == 1 else none} {self.choice.described()}; "
                f"annotate one, or choose others; there are: {_listed(tuple(others))}"
            )
        return found

    def read(
        self, chosen: Mapping[SlideItem, tuple[AnnotationSummary, ...]], progress: Progress
    ) -> dict[SlideItem, tuple[Shapes, ...]]:
        """Return the labels of every slide.

        Raises:
            InputError: they are neither a region nor a point.
            AnnotationError: an annotation is empty, or an element cannot serve.
        """
        found: dict[SlideItem, tuple[Shapes, ...]] = {}
        for number, (slide, annotations) in enumerate(chosen.items()):
            progress.advance(number / len(chosen), f"labels of {slide.name}")
            with still_there(self.session, slide), naming(slide.name):
                found[slide] = read_chosen(self.session, annotations, self.rule, self.people)
        if not any(one.regions or one.element_ids for own in found.values() for one in own):
            raise InputError("the annotations hold neither a region nor a point; draw both")
        return found

    def _described(self, annotation: AnnotationSummary) -> str:
        """Return an annotation's name, and who made it if that was asked for."""
        name, creator = repr(annotation.name), annotation.creator_id
        if not self.choice.authors:
            return name
        return f"{name} by {self.people.person(creator).login if creator else UNKNOWN}"


def own_regions(
    labels: Sequence[Shapes],
    taxonomy: Taxonomy,
    points_outside: PointsOutside,
    annotators: Annotators,
) -> tuple[OwnRegion, ...]:
    """Return the regions of one slide with their points: once, or once for each annotator.

    Raises:
        AnnotationError: a point lies outside of every region, or two regions of one annotator overlap.
        TaxonomyError: a point is of a class that is not named.
    """
    try:
        if annotators == "merge":
            regions = labelled_regions(labels, taxonomy, points_outside)
            _tell_twice_labelled(labels)
            return tuple(OwnRegion(region) for region in regions)
        return _regions_apart(labels, taxonomy, points_outside)
    except TaxonomyError as error:
        raise TaxonomyError(f"{error}; it can be taken for one with --map OLD=NEW") from error


def _regions_apart(
    labels: Sequence[Shapes], taxonomy: Taxonomy, points_outside: PointsOutside
) -> tuple[OwnRegion, ...]:
    found: list[OwnRegion] = []
    for own in by_annotator(labels):
        regions = labelled_regions(own.shapes, taxonomy, points_outside)
        found += [OwnRegion(region, own.annotator) for region in regions]
    return tuple(found)


def tell_annotators(sources: Sequence[AnnotatedSlide]) -> None:
    """Say in the log how much each annotator labelled on all slides; nothing where they are put together."""
    regions: dict[str, Counter[str]] = {}
    lent: Counter[str] = Counter()
    for source in sources:
        drawers = {
            one.annotation.id: one.annotation.author or UNKNOWN for one in source.annotations
        }
        for own in source.regions:
            if own.annotator is not None:
                regions.setdefault(own.annotator, Counter())[source.slide.id] += 1
                lent[own.annotator] += drawers[own.region.annotation_ids[0]] != own.annotator
    for annotator, slides in sorted(regions.items()):
        log.info(
            "%s labelled %s on %s%s",
            annotator,
            counted(slides.total(), "region", "regions"),
            counted(len(slides), "slide", "slides"),
            f", {lent[annotator]} of them drawn by others" if lent[annotator] else "",
        )


def changes_meanwhile(session: Session, sources: Sequence[AnnotatedSlide]) -> dict[str, int]:
    """Return the newer versions of annotations that somebody changed since they were read, and tell of them.

    What was removed since then is told, too.
    """
    changed: dict[str, int] = {}
    for source in sources:
        if not is_there(session, source.slide):
            _tell_changed(source.slide, "it was removed from the archive")
            continue
        now = {one.id: one.version for one in list_annotations(session, source.slide.id)}
        for shapes in source.annotations:
            exported = shapes.annotation
            newer = now.get(exported.id)
            if exported.id not in now:
                what = f"annotation {exported.name!r} was removed from it"
                _tell_changed(source.slide, f"{what}; exported was version {exported.version}")
            elif newer is not None and newer != exported.version:
                changed[exported.id] = newer
                what = f"annotation {exported.name!r} was changed to version {newer}"
                _tell_changed(
                    source.slide,
                    f"{what}; exported was version {exported.version}, so export again to have the newer one",
                )
    return changed


def _tell_changed(slide: SlideItem, what: str) -> None:
    log.warning("slide %r: during the export %s", slide.name, what)


def _tell_twice_labelled(labels: Sequence[Shapes]) -> None:
    for region, counts in twice_labelled(labels).items():
        log.warning(
            "region %s of annotation %r holds points of %s; if each labelled every cell, all cells are there"
            " more than once: keep them apart with --annotators apart, or choose one with --author",
            region.element_id,
            region.annotation.name,
            _counted(counts),
        )


def _counted(counts: Mapping[str, int]) -> str:
    return " and ".join(f"{annotator} ({count})" for annotator, count in counts.items())


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED]) or "none"
    return f"{shown} and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else shown
