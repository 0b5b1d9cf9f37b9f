"""Detect cells on a slide that lies in the archive, and add them to it as a new annotation."""

import logging
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from patherea_core.checkpoint import load_bundle
from patherea_core.errors import SlideError
from patherea_core.files import writing
from patherea_core.progress import Progress
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.runtimes.runtime import Precision
from plugin.commands.detect_cells import require_model
from plugin.commands.slide_detection import detected, planned_slide
from plugin.commands.slide_plan import DetectSettings
from plugin.commands.slide_record import as_results
from plugin.dsa.items import SlideItem, download_slide, slide_named
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import Session, connect
from plugin.outputs.annotation_file import annotation_texts
from plugin.outputs.results import Results
from plugin.outputs.tissue_outline import name_of, write_tissue_annotation
from plugin.slides.reader import open_slide

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOnItemRequest:
    """On which slide of an archive to detect cells.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        item_id: the slide, by the id of its item or of its image file.
        model: a model bundle, file or folder.
        backbone_weights: as of ``DetectRequest``.
        settings: how to detect.
        mpp: micrometres per base pixel, for a slide that does not say.
        device: auto, cpu or cuda.
        classes: the classes the model must have, in order; none asks for nothing.
        runtime: what runs the network; see ``DetectRequest``.
        precision: of its arithmetic; as there.
    """

    api_url: str
    token: str
    item_id: str
    model: Path
    backbone_weights: Path | Literal["hub"] | None = None
    settings: DetectSettings = field(default_factory=DetectSettings)
    mpp: float | None = None
    device: str = "auto"
    classes: tuple[str, ...] = ()
    runtime: str = "auto"
    precision: Precision | None = None


@dataclass(frozen=True, slots=True)
class PostedAnnotation:
    """An annotation that was added to a slide.

    Attributes:
        name: what it is called.
        cells: how many it holds.
    """

    name: str
    cells: int


def run(request: DetectOnItemRequest, progress: Progress) -> tuple[PostedAnnotation, ...]:
    """Detect as requested, post the cells, and return which annotations there are now.

    There is one annotation, unless there are more cells than the archive's viewer can edit in one, and
    another one with the outline of the tissue if that is wanted.

    Raises:
        InputError: the slide, the model or a setting cannot serve.
        ArchiveError: the archive does not answer, or not any more.
    """
    require_model(request.model, request.classes)
    session = connect(request.api_url, request.token)
    slide = slide_named(session, request.item_id)
    detector = Detector.load(
        load_bundle(request.model),
        request.device,
        request.backbone_weights,
        request.runtime,
        request.precision,
    )
    with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
        path = download_slide(session, slide, Path(scratch))
        reader = open_slide(path, request.mpp, slide.name)
        planned = planned_slide(lambda: reader, detector, request.settings, None)
        found = detected(planned, Path(scratch) / "cells.journal", progress)
        if found.holes:
            raise SlideError(
                f"slide {slide.name!r} cannot be read at {len(found.holes)} places, so nothing was added to"
                " it; upload it again"
            )
        results = as_results([found], request.settings)
        posted = tuple(_posted(session, slide, results, Path(scratch)))
        if request.settings.outlined:
            posted += (_outlined(session, slide, results, Path(scratch)),)
        log.info("%s cells on %s as %r", len(found.cells), slide.name, results.name)
    return posted


def _posted(
    session: Session, slide: SlideItem, results: Results, scratch: Path
) -> Iterator[PostedAnnotation]:
    """Post the cells, annotation after annotation, by way of a file: however many, none holds memory."""
    path = scratch / "annotation.json"
    for text in annotation_texts(results):
        with writing(path), path.open("wb") as file:
            file.writelines(text.pieces)
        post_annotation(session, slide.id, path)
        yield PostedAnnotation(text.name, text.cells)


def _outlined(
    session: Session, slide: SlideItem, results: Results, scratch: Path
) -> PostedAnnotation:
    """Post the outline of the tissue."""
    path = scratch / "tissue.json"
    write_tissue_annotation(path, results)
    post_annotation(session, slide.id, path)
    return PostedAnnotation(name_of(results), 0)
