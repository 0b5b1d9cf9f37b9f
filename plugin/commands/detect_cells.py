"""Detect cells: a model's points on slides or images, as a file or as a new annotation."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import read_card
from patherea_core.checkpoint import load_bundle
from patherea_core.data.finding import counted
from patherea_core.errors import IncompleteError, InputError
from patherea_core.files import at_work_on
from patherea_core.progress import Part, Progress
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.predict import Detector
from plugin import provenance
from plugin.commands.detect_request import DetectRequest
from plugin.commands.slide_detection import (
    DetectedSlide,
    PlannedSlide,
    detected,
    planned_slide,
    slide_digest,
)
from plugin.commands.slide_record import as_results, slide_manifest
from plugin.outputs.cell_files import PICTURE, form_of, require_cell_file, write_cells
from plugin.outputs.finished_run import FinishedRun, finished_run, record_of, write_record
from plugin.outputs.leftovers import remove_leftovers
from plugin.outputs.model_card import key_facts
from plugin.slides.inputs import ListedSlide, listed_slides
from plugin.slides.reader import open_slide, require_readable

log = logging.getLogger(__name__)

#: Share of the progress that is given to planning, which reads the slides' files once.
_PLANNING = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """What a request came to.

    Attributes:
        record: of the run; it says what could not be read.
        square_millimetres: that were looked at.
        before: whether the run had ended before, so that nothing was done.
    """

    record: FinishedRun
    square_millimetres: float
    before: bool


def run(request: DetectRequest, progress: Progress) -> FinishedRun:
    """Detect as requested, write the results and their record, and return the record.

    A run that was stopped or killed is gone on with by the same request, and one that has ended is not
    done again as long as its results are there.

    Raises:
        InputError: a slide, the model or a setting cannot serve.
        IncompleteError: a part of a slide could not be read; all others are in the results, and the record
            says which.
        OutputError: the results cannot be written, or another run is writing them.
        Cancelled: the progress asked to stop.
    """
    record = detect(request, detector_of, progress).record
    if holes := unread(record):
        raise IncompleteError(
            f"parts of slides could not be read, so that their cells are missing: {holes}; the record of the"
            " run says where, and the same command tries them again"
        )
    return record


def detect(
    request: DetectRequest, detector_of: Callable[[DetectRequest], Detector], progress: Progress
) -> Detection:
    """Do the same, but for saying what could not be read otherwise than in the record.

    Args:
        request: what to do.
        detector_of: gives the detector of a request; it is asked when all else has been checked.
        progress: told after every batch of tiles.

    Raises:
        InputError: a slide, the model or a setting cannot serve.
        OutputError: the results cannot be written, or another run is writing them.
        Cancelled: the progress asked to stop.
    """
    listed = listed_slides(request.inputs)
    files = [out for out, _ in request.outputs]
    if double := sorted({out.name for out in files if files.count(out) > 1}):
        raise InputError(f"{double[0]} is named twice as a file of results; name each once")
    for out, form in request.outputs:
        require_cell_file(out, form, len(listed))
    card = require_model(request.model, request.classes)
    request.settings.thresholds(card)  # refused before the network is loaded
    for slide in listed:
        require_readable(slide.path, slide.mpp or request.mpp)
    planned = _planned(request, listed, detector_of(request), progress)
    area = sum(each.plan.square_millimetres for each in planned)
    fingerprint = _fingerprint(request, planned)
    if before := finished_run([out for out, _ in request.outputs], fingerprint):
        log.info("this run has ended already; remove %s to run it again", record_of(request.out))
        return Detection(before, area, before=True)
    with at_work_on(request.out):
        record = _detected(request, planned, fingerprint, progress)
    return Detection(record, area, before=False)


def _detected(
    request: DetectRequest, planned: Sequence[PlannedSlide], fingerprint: str, progress: Progress
) -> FinishedRun:
    """Do what is planned, and leave nothing but results and their record once all of it is done."""
    pictured = any(form_of(*output) == PICTURE for output in request.outputs)
    slides = [
        detected(
            each,
            each.journal(request.out),
            Part(progress, *_share(row, len(planned))),
            pictured=pictured,
        )
        for row, each in enumerate(planned)
    ]
    record = _write(request, slides, fingerprint)
    if record.complete:
        for each in slides:
            each.journal.unlink(missing_ok=True)
        remove_leftovers([out for out, _ in request.outputs])
    return record


def unread(record: FinishedRun) -> str:
    """Return in words of which slides parts could not be read; nothing if there are none."""
    return ", ".join(
        f"{each.slide.name} ({len(each.holes)} of {each.parameters['tiles']} tiles)"
        for each in record.slides
        if each.holes
    )


def detector_of(request: DetectRequest) -> Detector:
    """Return the detector that a request asks for.

    Raises:
        InputError: CUDA is asked for and there is none, or the runtime is not installed or unknown.
        BundleError: the bundle cannot be trusted or read, or its backbone's weights are missing.
    """
    return Detector.load(
        load_bundle(request.model),
        request.device,
        request.backbone_weights,
        request.runtime,
        request.precision,
    )


def _planned(
    request: DetectRequest, listed: Sequence[ListedSlide], detector: Detector, progress: Progress
) -> list[PlannedSlide]:
    """Return what is to be done on each slide."""
    planned = []
    for row, slide in enumerate(listed):
        progress.advance(_PLANNING * row / len(listed), f"looking at {slide.path.name}")
        opened = partial(open_slide, slide.path, slide.mpp or request.mpp)
        planned.append(planned_slide(opened, detector, request.settings, slide_digest(slide.path)))
    return planned


def _write(
    request: DetectRequest, slides: Sequence[DetectedSlide], fingerprint: str
) -> FinishedRun:
    """Write the results in all their forms, and then their record."""
    results = as_results(slides, request.settings)
    started = time.monotonic()
    for out, form in request.outputs:
        write_cells(out, results, form)
    writing = time.monotonic() - started
    written = [out for out, _ in request.outputs]
    manifests = [slide_manifest(each, results, writing) for each in slides]
    record = write_record(written, fingerprint, manifests)
    found = counted(sum(map(len, results.slides)), "cell", "cells")
    log.info("%s in %s", found, ", ".join(map(str, written)))
    return record


def _share(row: int, count: int) -> tuple[float, float]:
    """Return where the progress of one of so many slides begins and ends."""
    each = (1.0 - _PLANNING) / count
    return _PLANNING + row * each, _PLANNING + (row + 1) * each


def _fingerprint(request: DetectRequest, planned: Sequence[PlannedSlide]) -> str:
    """Return a digest of all that the files of results follow from."""
    forms = [(out.name, form_of(out, form)) for out, form in request.outputs]
    slides = [(each.name, each.fingerprint) for each in planned]
    content = json.dumps([provenance.program(), request.name, forms, slides])
    return hashlib.sha256(content.encode()).hexdigest()


def require_model(model: Path, classes: Sequence[str]) -> BundleCard:
    """Check before long work that a model can serve, say in the log which it is, and return its card.

    Raises:
        BundleError: it cannot be trusted or read.
        TaxonomyError: it has other classes than those asked for; none asks for nothing.
    """
    card = read_card(model)
    if classes:
        Taxonomy.of(classes).require_same(card.taxonomy.names, f"model {model.name}")
    log.info("model %s: %s", card.name or model.name, key_facts(card))
    return card
