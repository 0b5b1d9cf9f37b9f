"""Detect cells on a slide that lies in the archive, and add them to it as new annotations."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Literal

from patherea_core.checkpoint import load_bundle
from patherea_core.data.finding import counted
from patherea_core.errors import SlideError
from patherea_core.files import require_writable, writing
from patherea_core.geometry import Floats
from patherea_core.progress import Progress
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.runtimes.runtime import Precision
from plugin.commands.detect_cells import require_model
from plugin.commands.prepare_viewer import prepare_if_allowed
from plugin.commands.slide_detection import detected, planned_slide
from plugin.commands.slide_plan import DetectSettings
from plugin.commands.slide_record import as_results
from plugin.dsa.items import SlideItem, download_slide, slide_to_annotate
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import Session, connect
from plugin.outputs.annotation_file import (
    annotation_texts,
    fits_one_annotation,
    write_annotation,
)
from plugin.outputs.arrangement import ONE, Arrangement
from plugin.outputs.cell_files import write_cells
from plugin.outputs.density_annotation import density_texts
from plugin.outputs.results import Results
from plugin.outputs.tissue_outline import name_of, write_tissue_annotation
from plugin.slides.reader import open_slide

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalFiles:
    """What a job of the archive has beside it: files that the archive put there, or that it fetches.

    Attributes:
        slide: the file of the slide, so that it need not be fetched.
        annotation: where the cells go instead of to the archive, if they are one annotation.
        table: a table of the same cells; None for none.
    """

    slide: Path
    annotation: Path
    table: Path | None = None


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
        arrangement: which annotations the cells become.
        viewer: whether the viewer's settings of the slide's folder get the classes, if that is allowed.
        mpp: micrometres per base pixel, for a slide that does not say.
        device: auto, cpu or cuda.
        classes: the classes the model must have, in order; none asks for nothing.
        runtime: what runs the network; see ``DetectRequest``.
        precision: of its arithmetic; as there.
        local: files of a job; None where the slide is fetched and everything posted.
    """

    api_url: str
    token: str
    item_id: str
    model: Path
    backbone_weights: Path | Literal["hub"] | None = None
    settings: DetectSettings = field(default_factory=DetectSettings)
    arrangement: Arrangement = ONE
    viewer: bool = False
    mpp: float | None = None
    device: str = "auto"
    classes: tuple[str, ...] = ()
    runtime: str = "auto"
    precision: Precision | None = None
    local: LocalFiles | None = None


@dataclass(frozen=True, slots=True)
class PostedAnnotation:
    """An annotation that was added to a slide.

    Attributes:
        name: what it is called.
        cells: how many it holds.
        visible: whether the viewer shows it as soon as the slide is opened.
    """

    name: str
    cells: int
    visible: bool = True

    def described(self) -> str:
        """Return it in words, for the log."""
        cells = f", {counted(self.cells, 'cell', 'cells')}" if self.cells else ""
        return f"{self.name!r}{cells}{'' if self.visible else ', hidden at first'}"


def run(request: DetectOnItemRequest, progress: Progress) -> tuple[PostedAnnotation, ...]:
    """Detect as requested, post what is wanted, and return which annotations were added.

    Those with cells come first, in order, then maps of their density, and the outline of the tissue.

    Raises:
        InputError: the slide, the model or a setting cannot serve.
        CredentialsError: this person may look at the slide, but not add to it.
        ArchiveError: the archive does not answer, or not any more.
    """
    card = require_model(request.model, request.classes)
    _tell_of_no_effect(request.arrangement, request.settings.thresholds(card))
    for path in () if request.local is None else (request.local.annotation, request.local.table):
        if path is not None:
            require_writable(path)
    session = connect(request.api_url, request.token)
    slide = slide_to_annotate(session, request.item_id)
    detector = Detector.load(
        load_bundle(request.model),
        request.device,
        request.backbone_weights,
        request.runtime,
        request.precision,
    )
    with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
        path = _file_of(session, slide, request.local, Path(scratch))
        reader = open_slide(path, request.mpp, slide.name)
        planned = planned_slide(lambda: reader, detector, request.settings, None)
        found = detected(planned, Path(scratch) / "cells.journal", progress)
        if found.holes:
            raise SlideError(
                f"slide {slide.name!r} cannot be read at {counted(len(found.holes), 'place', 'places')}, so"
                " nothing was added to it; upload it again"
            )
        results = as_results([found], request.settings)
        posted = tuple(_delivered(session, slide, results, request, Path(scratch)))
        _tell_added(results, request, posted)
    if request.viewer:
        prepare_if_allowed(session, slide.id, card.taxonomy)
    return posted


def _tell_of_no_effect(arrangement: Arrangement, thresholds: Floats) -> None:
    """Say in the log that no cell can be unsure, since (T,) thresholds leave none with a lower score."""
    sure, least = arrangement.sure_from, float(thresholds.min())
    if sure is not None and sure <= least:
        log.warning(
            "no cell becomes one of low confidence: cells count as sure from a score of %g on (--sure-from),"
            " and none below %g is taken (--threshold); raise the one, or lower the other",
            sure,
            least,
        )


def _file_of(session: Session, slide: SlideItem, local: LocalFiles | None, scratch: Path) -> Path:
    return download_slide(session, slide, scratch) if local is None else local.slide


def _delivered(
    session: Session,
    slide: SlideItem,
    results: Results,
    request: DetectOnItemRequest,
    scratch: Path,
) -> Iterator[PostedAnnotation]:
    """Write the files of a job, post all else, and yield what was posted.

    What goes into the file is added to the slide by the archive, so it is never posted too.
    """
    local = request.local
    if local is not None and local.table is not None:
        write_cells(local.table, results, ".csv")
    if local is not None and fits_one_annotation(results, request.arrangement):
        write_annotation(local.annotation, results)
    else:
        yield from _posted(session, slide, results, request.arrangement, scratch)
    if request.settings.outlined:
        yield _outlined(session, slide, results, scratch)


def _tell_added(
    results: Results, request: DetectOnItemRequest, posted: Sequence[PostedAnnotation]
) -> None:
    """Say in the log which annotations the slide gets, by a file of the job or posted."""
    (cells,) = results.slides
    by_file = request.local is not None and fits_one_annotation(results, request.arrangement)
    added = [*([repr(results.name)] if by_file else []), *(one.described() for one in posted)]
    found = counted(len(cells), "cell", "cells")
    log.info("%s on %s, as %s", found, cells.slide, "; ".join(added))


def _posted(
    session: Session, slide: SlideItem, results: Results, arrangement: Arrangement, scratch: Path
) -> Iterator[PostedAnnotation]:
    """Post the cells, annotation after annotation, by way of a file: however many, none holds memory."""
    path = scratch / "annotation.json"
    texts = chain(annotation_texts(results, arrangement), density_texts(results, arrangement))
    for text in texts:
        with writing(path), path.open("wb") as file:
            file.writelines(text.pieces)
        post_annotation(session, slide.id, path)
        yield PostedAnnotation(text.name, text.cells, text.visible)


def _outlined(
    session: Session, slide: SlideItem, results: Results, scratch: Path
) -> PostedAnnotation:
    """Post the outline of the tissue."""
    path = scratch / "tissue.json"
    write_tissue_annotation(path, results)
    post_annotation(session, slide.id, path)
    return PostedAnnotation(name_of(results), 0)
