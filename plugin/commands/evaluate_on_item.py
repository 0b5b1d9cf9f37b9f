"""Evaluate detections on a slide in the archive: compare them with a person's annotations there."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from patherea_core.evaluation.field import Field
from patherea_core.evaluation.outcomes import outcomes
from patherea_core.evaluation.report import Evaluation, evaluate
from patherea_core.evaluation.table import evaluation_table
from patherea_core.files import require_writable, write_whole
from patherea_core.geometry import Box
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin.commands.evaluation_fields import ArchiveFields, archive_fields
from plugin.dsa.annotations import (
    AnnotationSummary,
    chosen_detections,
    list_annotations,
    parts_of,
    read_annotations,
)
from plugin.dsa.items import SlideItem, slide_named
from plugin.dsa.labels import PointsOutside, read_labels
from plugin.dsa.remote_slide import RemoteSlide, SlidePixels, remote_slide
from plugin.dsa.session import Session, connect
from plugin.outputs.evaluation_report import EvaluationReport, described, report_figures
from plugin.outputs.pictures import MatchedField, draw_matches
from plugin.outputs.report_page import report_page
from plugin.outputs.verdicts import verdicts_of
from plugin.radius import Radius

log = logging.getLogger(__name__)

#: Regions in one picture, and pixels along the longer side of one; larger regions are drawn smaller.
_MOST_DRAWN = 12
_LONGEST_SIDE = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateOnItemRequest:
    """Which annotations of a slide to compare, and how.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        item_id: the slide, by the id of its item or of its image file.
        detections: name or id of the annotation with detections; empty takes the newest that this
            program wrote.
        points: name pattern of the annotations with the person's regions and points.
        radius: largest distance of a pair.
        report: where the figures go, as JSON.
        figure: where the picture goes.
        page: where the report for people goes, as HTML.
        verdicts: where the annotation goes that shows what became of every cell.
        classes: the classes in order; none takes the model's.
        points_outside: what to do with a point outside of every region.
        mpp: micrometres per base pixel, for a slide that does not say.
        seed: root of the chance level.
    """

    api_url: str
    token: str
    item_id: str
    radius: Radius
    detections: str = ""
    points: str = "*"
    report: Path | None = None
    figure: Path | None = None
    page: Path | None = None
    verdicts: Path | None = None
    classes: tuple[str, ...] = ()
    points_outside: PointsOutside = "error"
    mpp: float | None = None
    seed: int = 0


def run(request: EvaluateOnItemRequest, progress: Progress) -> Evaluation:
    """Evaluate as requested and return the figures.

    Raises:
        InputError: the annotations or settings cannot serve.
        ArchiveError: the archive does not answer.
        OutputError: a result cannot be written.
    """
    for path in (request.report, request.figure, request.page, request.verdicts):
        if path is not None:
            require_writable(path)
    session = connect(request.api_url, request.token)
    item = slide_named(session, request.item_id)
    slide = remote_slide(session, item, request.mpp)
    radius = request.radius.in_pixels(slide.base_mpp)
    progress.advance(0.1, "annotations")
    fields = _fields(session, item, request)
    progress.advance(0.5, "comparing")
    evaluation = replace(
        evaluate(fields.fields, fields.taxonomy, radius, Seed(request.seed)),
        left_out=fields.left_out,
    )
    log.info("%s\n%s", item.name, evaluation_table(evaluation))
    _write(request, evaluation, fields, slide)
    progress.advance(1.0, "done")
    return evaluation


def _fields(session: Session, item: SlideItem, request: EvaluateOnItemRequest) -> ArchiveFields:
    summaries = list_annotations(session, item.id)
    chosen = chosen_detections(summaries, request.detections, item.name)
    parts = _parts(summaries, chosen, request.detections)
    own = {part.id for part in parts}
    return archive_fields(
        read_annotations(session, parts),
        [
            shapes
            for shapes in read_labels(session, item.id, request.points)
            if shapes.annotation.id not in own
        ],
        request.classes,
        request.points_outside,
    )


def _parts(
    summaries: Sequence[AnnotationSummary], chosen: AnnotationSummary, name: str
) -> tuple[AnnotationSummary, ...]:
    """Return the annotations of a run that are evaluated together; one that was named stands alone."""
    if not name:
        return parts_of(summaries, chosen)
    if chosen.part:
        log.warning(
            "annotation %r holds only some cells of its run, %s, and only those are evaluated",
            chosen.name,
            chosen.part,
        )
    return (chosen,)


def _write(
    request: EvaluateOnItemRequest,
    evaluation: Evaluation,
    fields: ArchiveFields,
    slide: RemoteSlide,
) -> None:
    if request.figure is not None:
        drawn = _matched(fields, slide, evaluation.radius)
        draw_matches(request.figure, drawn, fields.taxonomy, slide.base_mpp)
    if not (request.report or request.page or request.verdicts):
        return
    plain = EvaluationReport(slide.name, evaluation, _named(fields), _sources(request, fields))
    source = None if request.page is None else SlidePixels(slide)
    report = described(plain, Seed(request.seed), source)
    if request.page is not None:
        write_whole(request.page, report_page(report).encode())
    if request.report is not None:
        figures = {**_origin(fields, slide), **report_figures(report)}
        content = json.dumps(figures, allow_nan=False, indent=1)
        write_whole(request.report, content.encode("ascii"))
    if request.verdicts is not None:
        document = verdicts_of(report, slide.name)
        content = json.dumps(document, allow_nan=False, separators=(",", ":"))
        write_whole(request.verdicts, content.encode("ascii"))


def _named(fields: ArchiveFields) -> tuple[Field, ...]:
    """Return the regions, called by their numbers: people do not know them by their ids."""
    return tuple(
        replace(entry, name=f"region {number}")
        for number, entry in enumerate(fields.fields, start=1)
    )


def _sources(request: EvaluateOnItemRequest, fields: ArchiveFields) -> dict[str, str]:
    found, *labels = fields.annotations
    return {
        "detections": found.name,
        "points and regions": ", ".join(annotation.name for annotation in labels),
        "radius": str(request.radius),
        "seed": str(request.seed),
    }


def _matched(fields: ArchiveFields, slide: RemoteSlide, radius: float) -> list[MatchedField]:
    """Return the regions to draw, the first few, with their pixels."""
    matched: list[MatchedField] = []
    for number, field in enumerate(fields.fields[:_MOST_DRAWN], start=1):
        assert field.area is not None, "regions of an archive have an outline"
        box = Box.around(field.area.bounds)
        pixels = slide.read(box, _LONGEST_SIDE)
        found = outcomes(field, len(fields.taxonomy), radius)
        title = f"{slide.name}, region {number}"
        matched.append(MatchedField(title, pixels, box, field, found))
    if len(matched) < len(fields.fields):
        log.warning("the picture shows %s of %s regions", len(matched), len(fields.fields))
    return matched


def _origin(fields: ArchiveFields, slide: RemoteSlide) -> Mapping[str, Any]:
    return {
        "slide": {"name": slide.name, "item": slide.item_id, "mpp": slide.base_mpp},
        "annotations": [
            {"id": used.id, "name": used.name, "version": used.version, "updated": used.updated}
            for used in fields.annotations
        ],
    }
