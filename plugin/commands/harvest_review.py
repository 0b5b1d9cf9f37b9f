"""Harvest a review: compare what a run pushed with what a person made of it, and keep that as labels."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import shapely

from patherea_core.errors import AnnotationError, InputError
from patherea_core.files import require_writable, write_whole
from patherea_core.progress import Progress
from patherea_core.regions import Outline
from patherea_core.seeding import Seed
from plugin import provenance
from plugin.commands.review_labels import add_labels_once
from plugin.commands.review_pictures import review_pictures
from plugin.dsa.annotation_codec import AnnotationIdentity
from plugin.dsa.annotations import chosen_labels, list_annotations
from plugin.dsa.items import SlideItem, slide_named, slide_to_annotate
from plugin.dsa.labels import naming, read_chosen
from plugin.dsa.remote_slide import RemoteSlide, remote_slide
from plugin.dsa.session import Session, connect
from plugin.outputs.review_page import review_page
from plugin.radius import Radius
from plugin.readers.json_file import read_json
from plugin.review.areas import Assumed
from plugin.review.cohort import Cohort, slide_review
from plugin.review.examples import changed_cells
from plugin.review.outcome import ReviewOutcome, ReviewSettings, outcome_of
from plugin.review.reading import (
    CorrectionsLeftOutError,
    NotReviewedError,
    ReviewedRun,
    ReviewNames,
    read_review,
)
from plugin.review.report import review_figures, review_table

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarvestRequest:
    """Which review to harvest, and what becomes of it.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        item_id: the slide, by the id of its item or of its image file.
        run: name or id of the annotation with the run's detections; empty takes the newest.
        reviewed: names of the annotations that were reviewed; empty takes the run's own.
        regions: name pattern of the annotations whose regions were reviewed; empty for none.
        radius: largest distance between two positions of one cell.
        assume: what counts as reviewed where there is no region.
        side_um: of the squares around changes.
        mapping: old names of groups to new ones.
        labels: what the annotation with the labels is called that is added to the slide; empty adds none.
        report: where the figures go, as JSON.
        page: where the report for people goes, as HTML.
        pushed: the annotation file that the run wrote, where the archive keeps no history.
        mpp: micrometres per base pixel, for a slide that does not say.
        seed: root of the intervals.
    """

    api_url: str
    token: str
    item_id: str
    run: str = ""
    reviewed: str = ""
    regions: str = ""
    radius: Radius = field(default_factory=lambda: Radius(4.0, "um"))
    assume: Assumed = "looked"
    side_um: float = 100.0
    mapping: Mapping[str, str] = field(default_factory=dict)
    labels: str = "Reviewed"
    report: Path | None = None
    page: Path | None = None
    pushed: Path | None = None
    mpp: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.side_um > 0:
            raise InputError(
                f"squares around changes have a side, not {self.side_um:g} micrometres"
            )


def run_in_job(request: HarvestRequest, progress: Progress) -> None:
    """Harvest as requested, and write the table to the log, which is all that a job shows."""
    outcome = run(request, progress)
    log.info("%s\n%s", outcome.run.about.get("slide", ""), review_table(outcome))


def run(request: HarvestRequest, progress: Progress) -> ReviewOutcome:
    """Harvest as requested and return what became of every cell.

    Nothing is changed in the archive but the one annotation that is added. Labels that are there stay.

    Raises:
        NotReviewedError: nobody changed or saved what was pushed, or drew what was reviewed.
        InputError: the annotations or settings cannot serve.
        ArchiveError: the archive does not answer, or does not allow to add the labels.
        OutputError: the report cannot be written.
    """
    for path in (request.report, request.page):
        if path is not None:
            require_writable(path)
    session = connect(request.api_url, request.token)
    named = slide_to_annotate if request.labels else slide_named
    item = named(session, request.item_id)
    slide = remote_slide(session, item, request.mpp)
    progress.advance(0.1, "annotations")
    with naming(item.name):
        outcome = slide_outcome(session, item, slide, request)
    progress.advance(0.7, "comparing")
    for note in outcome.notes:
        log.warning("%s: %s", item.name, note)
    if request.labels:
        add_labels_once(session, item, outcome, request.labels)
    if request.report is not None:
        content = json.dumps(slide_figures(outcome, item, request), allow_nan=False, indent=1)
        write_whole(request.report, content.encode("ascii"))
    if request.page is not None:
        progress.advance(0.8, "pictures of cells")
        write_whole(request.page, _page(session, item, outcome, request).encode())
    progress.advance(1.0, "done")
    return outcome


def slide_outcome(
    session: Session, item: SlideItem, slide: RemoteSlide, request: HarvestRequest
) -> ReviewOutcome:
    """Return what became of the cells of a slide; nothing is written.

    Raises:
        NotReviewedError: nobody changed or saved what was pushed, or drew what was reviewed.
        InputError: the annotations or settings cannot serve.
        ArchiveError: the archive does not answer.
    """
    names = ReviewNames(request.run, request.reviewed)
    pushed = None if request.pushed is None else _pushed_file(request.pushed)
    reviewed = read_review(session, item, names, pushed)
    settings = ReviewSettings(
        radius=request.radius.in_pixels(slide.base_mpp),
        assumed=request.assume,
        side=request.side_um / slide.base_mpp,
        mapping=request.mapping,
        seed=Seed(request.seed),
    )
    regions, used_up = _regions(session, item, request.regions, reviewed)
    _require_reviewed(reviewed, item, seen=bool(reviewed.sittings or regions or pushed))
    outcome = outcome_of(reviewed, regions, _looked(reviewed, slide), slide.base_mpp, settings)
    _require_reviewed(reviewed, item, seen=outcome.reviewed_by_anybody)
    return replace(outcome, used_up=used_up)


def _require_reviewed(reviewed: ReviewedRun, item: SlideItem, *, seen: bool) -> None:
    """Refuse a run that nobody touched: cells that nobody looked at must not become labels."""
    if seen:
        return
    names = ", ".join(repr(one.name) for one in reviewed.annotations)
    raise NotReviewedError(
        f"slide {item.name!r}: nobody has saved annotation {names} since it was pushed, so nothing says that"
        " its cells were looked at; correct it, or draw a region around what was reviewed and name the"
        " region's annotation with --regions"
    )


def _looked(reviewed: ReviewedRun, slide: RemoteSlide) -> Outline:
    """Return where the model looked, as far as the slide reaches."""
    whole = shapely.box(0, 0, slide.width, slide.height)
    text = reviewed.about.get("region")
    return whole if not text else shapely.from_wkt(text).intersection(whole)


def _regions(
    session: Session, item: SlideItem, pattern: str, reviewed: ReviewedRun
) -> tuple[list[Outline], tuple[AnnotationIdentity, ...]]:
    """Return the regions of all annotations whose names fit a pattern, and which of those are used up.

    Used up are those of regions alone, and those whose points are compared as corrections.

    Raises:
        NotReviewedError: none of them has a region.
    """
    if not pattern:
        return [], ()
    compared = {annotation.id for annotation in reviewed.annotations}
    found: list[Outline] = []
    used_up: list[AnnotationIdentity] = []
    for shapes in read_chosen(session, chosen_labels(list_annotations(session, item.id), pattern)):
        found += [region.outline for region in shapes.regions]
        if not shapes.element_ids or shapes.annotation.id in compared:
            used_up.append(shapes.annotation)
        else:
            log.warning(
                "%s points of annotation %r take no part; name it among the reviewed ones if they are"
                " corrections",
                len(shapes.element_ids),
                shapes.annotation.name,
            )
    if not found:
        people = " and ".join(sorted({one.reviewer or "somebody" for one in reviewed.sittings}))
        lost = f"; the corrections that {people} saved take no part" if people else ""
        raise (CorrectionsLeftOutError if people else NotReviewedError)(
            f"slide {item.name!r} has no annotation {pattern!r} with a region{lost}; draw one around what"
            " was reviewed, or leave --regions out"
        )
    return found, tuple(used_up)


def _pushed_file(path: Path) -> dict[str, Any]:
    document = read_json(path)
    if not isinstance(document, dict) or "elements" not in document:
        raise AnnotationError(f"{path} is no annotation as a run writes it; give its .anot file")
    return {"annotation": document}


def slide_figures(
    outcome: ReviewOutcome, item: SlideItem, request: HarvestRequest
) -> dict[str, Any]:
    """Return everything that is known of a review and of this harvest, ready for JSON."""
    return {
        "slide": {"name": item.name, "item": item.id},
        **review_figures(outcome),
        "labels": request.labels or None,
        "seed": request.seed,
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
    }


def _page(
    session: Session, item: SlideItem, outcome: ReviewOutcome, request: HarvestRequest
) -> str:
    cells = changed_cells(item.name, item.id, outcome)
    review = slide_review(item.name, item.id, outcome, {}, cells)
    shown = review_pictures(session, cells, request.mpp)
    return review_page(Cohort(item.name, (review,), seed=Seed(request.seed)), shown)
