"""Detect cells: a model's points on slides or images, as a file or as a new annotation."""

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from patherea_core.bundle_file import read_card
from patherea_core.checkpoint import load_bundle
from patherea_core.errors import SlideError
from patherea_core.progress import Part, Progress
from patherea_core.regions import Outline
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.predict import Detector
from patherea_core.workflow.runtimes.runtime import Precision
from plugin import provenance
from plugin.commands.slide_detection import (
    DetectedSlide,
    DetectSettings,
    PlannedSlide,
    detected,
    planned_slide,
    slide_digest,
)
from plugin.commands.slide_record import as_results, slide_manifest
from plugin.outputs.cell_files import PICTURE, form_of, require_cell_file, write_cells
from plugin.outputs.finished_run import FinishedRun, finished_run, record_of, write_record
from plugin.outputs.model_card import key_facts
from plugin.slides.inputs import slide_files
from plugin.slides.reader import open_slide, require_readable

log = logging.getLogger(__name__)

#: Share of the progress that is given to planning, which reads the slides' files once.
_PLANNING = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectRequest:
    """On which slides to detect cells, and how.

    Attributes:
        inputs: slides, images, or folders of them.
        out: the file of results; its ending decides the form.
        model: a model bundle, file or folder.
        backbone_weights: pretrained weights of the backbone, for a bundle that leaves them out: a file, or
            "hub" to fetch them.
        region: where to look, in base pixels; None for everything.
        mpp: micrometres per base pixel, for slides that do not say.
        tile_size: side of a tile in working pixels; None lets the program choose.
        threshold: least probability of a detection; None takes the model's own.
        device: auto, cpu or cuda.
        name: what an annotation is called.
        classes: the classes the model must have, in order; none asks for nothing.
        form: an ending that decides the form of ``out`` instead of its own.
        table: a table of the same results, whatever its name.
        also: further files of the same results.
        everywhere: whether to look where there is no tissue as well.
        runtime: what runs the network: auto, eager, compile, onnx or openvino.
        precision: of its arithmetic; None takes bfloat16 on a GPU and 32 bits elsewhere.
    """

    inputs: tuple[Path, ...]
    out: Path
    model: Path
    backbone_weights: Path | Literal["hub"] | None = None
    region: Outline | None = None
    mpp: float | None = None
    tile_size: int | None = None
    threshold: float | None = None
    device: str = "auto"
    name: str = "Cells"
    classes: tuple[str, ...] = ()
    form: str | None = None
    table: Path | None = None
    also: tuple[Path, ...] = ()
    everywhere: bool = False
    runtime: str = "auto"
    precision: Precision | None = None

    @property
    def settings(self) -> DetectSettings:
        """How to detect, whatever the slide."""
        return DetectSettings(
            name=self.name,
            region=self.region,
            tile_size=self.tile_size,
            threshold=self.threshold,
            everywhere=self.everywhere,
        )

    @property
    def outputs(self) -> tuple[tuple[Path, str | None], ...]:
        """All files of results, each with the ending that decides its form, if that is not its own."""
        table = () if self.table is None else ((self.table, ".csv"),)
        return ((self.out, self.form), *table, *((path, None) for path in self.also))


def run(request: DetectRequest, progress: Progress) -> FinishedRun:
    """Detect as requested, write the results and their record, and return the record.

    A run that was stopped or killed is gone on with by the same request, and one that has ended is not
    done again as long as its results are there.

    Raises:
        InputError: a slide, the model or a setting cannot serve.
        SlideError: a part of a slide could not be read; all others are in the results, and the record
            says which.
        OutputError: the results cannot be written, or another run is writing them.
        Cancelled: the progress asked to stop.
    """
    paths, settings = slide_files(request.inputs), request.settings
    for out, form in request.outputs:
        require_cell_file(out, form, len(paths))
    require_model(request.model, request.classes)
    for path in paths:
        require_readable(path, request.mpp)
    bundle = load_bundle(request.model)
    detector = Detector.load(
        bundle, request.device, request.backbone_weights, request.runtime, request.precision
    )
    planned = []
    for row, path in enumerate(paths):
        progress.advance(_PLANNING * row / len(paths), f"looking at {path.name}")
        opened = partial(open_slide, path, request.mpp)
        planned.append(planned_slide(opened, detector, settings, slide_digest(path)))
    fingerprint = _fingerprint(request, planned)
    if before := finished_run([out for out, _ in request.outputs], fingerprint):
        log.info("this run has ended already; remove %s to run it again", record_of(request.out))
        return before
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
    _require_whole(slides)
    for each in slides:
        each.journal.unlink(missing_ok=True)
    return record


def _write(
    request: DetectRequest, slides: Sequence[DetectedSlide], fingerprint: str
) -> FinishedRun:
    """Write the results in all their forms, and then their record."""
    seconds = sum(each.seconds for each in slides)
    detector = slides[0].planned.detector
    results = as_results([each.cells for each in slides], detector, request.settings, seconds)
    for out, form in request.outputs:
        write_cells(out, results, form)
    written = [out for out, _ in request.outputs]
    manifests = [slide_manifest(each, results) for each in slides]
    record = write_record(written, fingerprint, manifests)
    log.info("%s cells in %s", sum(map(len, results.slides)), ", ".join(map(str, written)))
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


def _require_whole(slides: Sequence[DetectedSlide]) -> None:
    """Raise SlideError if a part of a slide could not be read."""
    broken = [each for each in slides if each.holes]
    if broken:
        names = ", ".join(
            f"{each.cells.slide} ({len(each.holes)} of {len(each.planned.plan.tiles)} tiles)"
            for each in broken
        )
        raise SlideError(
            f"parts of slides could not be read, so that their cells are missing: {names}; the record of the"
            " run says where, and the same command tries them again"
        )


def require_model(model: Path, classes: Sequence[str]) -> None:
    """Check before long work that a model can serve, and say in the log which it is.

    Raises:
        BundleError: it cannot be trusted or read.
        TaxonomyError: it has other classes than those asked for; none asks for nothing.
    """
    card = read_card(model)
    if classes:
        Taxonomy.of(classes).require_same(card.taxonomy.names, f"model {model.name}")
    log.info("model %s: %s", card.name or model.name, key_facts(card))


def load_detector(
    model: Path,
    device: str,
    backbone_weights: Path | Literal["hub"] | None = None,
) -> Detector:
    """Return the network of a model bundle on its device.

    Raises:
        BundleError: the bundle cannot be trusted or read, or its backbone's weights are missing.
    """
    return Detector.load(load_bundle(model), device, backbone_weights)
