"""Evaluate detections: compare them with a person's points, from files or from an archive."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patherea_core.evaluation.report import Evaluation, evaluate
from patherea_core.files import require_writable, write_whole
from patherea_core.geometry import Box
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin import provenance
from plugin.commands.evaluation_fields import (
    ArchiveFields,
    FileOptions,
    archive_fields,
    file_fields,
)
from plugin.dsa.annotations import (
    chosen_detections,
    list_annotations,
    read_annotation,
)
from plugin.dsa.items import slide_named
from plugin.dsa.labels import PointsOutside, read_labels
from plugin.dsa.remote_slide import RemoteSlide, remote_slide
from plugin.dsa.session import connect
from plugin.outputs.pictures import MatchedField, draw_matches
from plugin.radius import Radius
from plugin.readers.registry import read_cells

log = logging.getLogger(__name__)

#: Regions in one picture, and pixels along the longer side of one; larger regions are drawn smaller.
_MOST_DRAWN = 12
_LONGEST_SIDE = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateFilesRequest:
    """Which files to compare, and how.

    Attributes:
        detections: a file or folder of cells in any layout that is understood.
        points: the same of a person's points.
        radius: largest distance of a pair.
        classes: the classes in order; none takes those of the points.
        mpp: micrometres per base pixel, for a radius in micrometres.
        seed: root of the chance level.
        allow_missing: count an image that one file lacks in full, instead of refusing it.
    """

    detections: Path
    points: Path
    radius: Radius
    classes: tuple[str, ...] = ()
    mpp: float | None = None
    seed: int = 0
    allow_missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateAnnotationsRequest:
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
    classes: tuple[str, ...] = ()
    points_outside: PointsOutside = "error"
    mpp: float | None = None
    seed: int = 0


def run(
    request: EvaluateFilesRequest | EvaluateAnnotationsRequest, progress: Progress
) -> Evaluation:
    """Evaluate as requested and return the figures.

    Raises:
        InputError: the detections, points or settings cannot serve.
        ArchiveError: the archive does not answer.
        OutputError: the report or the picture cannot be written.
    """
    if isinstance(request, EvaluateFilesRequest):
        return _evaluate_files(request)
    return _evaluate_annotations(request, progress)


def _evaluate_files(request: EvaluateFilesRequest) -> Evaluation:
    radius = request.radius.in_pixels(request.mpp)
    options = FileOptions(classes=request.classes, allow_missing=request.allow_missing)
    fields = file_fields(read_cells(request.detections), read_cells(request.points), options)
    return evaluate(fields.fields, fields.taxonomy, radius, Seed(request.seed))


def _evaluate_annotations(request: EvaluateAnnotationsRequest, progress: Progress) -> Evaluation:
    for path in (request.report, request.figure):
        if path is not None:
            require_writable(path)
    session = connect(request.api_url, request.token)
    item = slide_named(session, request.item_id)
    slide = remote_slide(session, item, request.mpp)
    radius = request.radius.in_pixels(slide.base_mpp)
    progress.advance(0.1, "annotations")
    summaries = list_annotations(session, item.id)
    chosen = chosen_detections(summaries, request.detections, item.name)
    fields = archive_fields(
        read_annotation(session, chosen.id),
        [
            shapes
            for shapes in read_labels(session, item.id, request.points)
            if shapes.annotation.id != chosen.id
        ],
        request.classes,
        request.points_outside,
    )
    progress.advance(0.5, "comparing")
    evaluation = evaluate(fields.fields, fields.taxonomy, radius, Seed(request.seed))
    log.info("%s\n%s", item.name, evaluation.table())
    _write(request, evaluation, fields, slide)
    return evaluation


def _write(
    request: EvaluateAnnotationsRequest,
    evaluation: Evaluation,
    fields: ArchiveFields,
    slide: RemoteSlide,
) -> None:
    if request.report is not None:
        content = json.dumps(_report(evaluation, fields, slide), allow_nan=False, indent=1)
        write_whole(request.report, content.encode("ascii"))
    if request.figure is not None:
        drawn = _matched(fields, slide, evaluation.radius)
        draw_matches(request.figure, drawn, fields.taxonomy, slide.base_mpp)


def _matched(fields: ArchiveFields, slide: RemoteSlide, radius: float) -> list[MatchedField]:
    """Return the regions to draw, the first few, with their pixels."""
    matched: list[MatchedField] = []
    for number, field in enumerate(fields.fields[:_MOST_DRAWN], start=1):
        assert field.area is not None, "regions of an archive have an outline"
        box = Box.around(field.area.bounds)
        cells = (field.points, field.detections)
        pixels = slide.read(box, _LONGEST_SIDE)
        title = f"{slide.name}, region {number}"
        matched.append(MatchedField.match(title, pixels, box, cells, radius, field.area))
    if len(matched) < len(fields.fields):
        log.warning("the picture shows %s of %s regions", len(matched), len(fields.fields))
    return matched


def _report(evaluation: Evaluation, fields: ArchiveFields, slide: RemoteSlide) -> Mapping[str, Any]:
    return {
        "slide": {"name": slide.name, "item": slide.item_id, "mpp": slide.base_mpp},
        "annotations": [
            {"id": used.id, "name": used.name, "version": used.version, "updated": used.updated}
            for used in fields.annotations
        ],
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        **evaluation.to_dict(),
    }
