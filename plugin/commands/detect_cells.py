"""Detect cells: a model's points on slides or images, as a file or as a new annotation."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import read_card
from patherea_core.cells import CellsInMemory
from patherea_core.checkpoint import load_bundle
from patherea_core.errors import InputError
from patherea_core.progress import Part, Progress
from patherea_core.regions import Outline
from patherea_core.slides import SlideReader
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.predict import Detector, predict
from plugin import provenance
from plugin.outputs.cell_files import require_cell_file, write_cells
from plugin.outputs.model_card import key_facts
from plugin.outputs.results import Results, SlideCells
from plugin.slides.inputs import slide_files
from plugin.slides.reader import COLOURS, open_slide, require_readable

log = logging.getLogger(__name__)

#: How many times larger or smaller pixels a slide may have than its model before that is worth a warning.
#: Pixels of 0.23 to 0.27 µm are all called 40x, and a model of 0.5 µm is made for them too.
_MOST_RESAMPLING = 2.25


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
        table: a second file of results.
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


def run(request: DetectRequest, progress: Progress) -> Results:
    """Detect as requested and return what was written.

    Raises:
        InputError: a slide, the model or a setting cannot serve.
        OutputError: the results cannot be written.
    """
    paths = slide_files(request.inputs)
    require_cell_file(request.out, request.form, len(paths))
    if request.table is not None:
        require_cell_file(request.table, ".csv", len(paths))
    require_model(request.model, request.classes)
    settings = DetectSettings(
        name=request.name,
        region=request.region,
        tile_size=request.tile_size,
        threshold=request.threshold,
    )
    for path in paths:
        require_readable(path, request.mpp)
    detector = load_detector(request.model, request.device, request.backbone_weights)
    started = time.monotonic()
    slides = [
        detected(
            open_slide(path, request.mpp),
            detector,
            settings,
            Part(progress, row / len(paths), (row + 1) / len(paths)),
        )
        for row, path in enumerate(paths)
    ]
    results = as_results(slides, detector.card, settings, time.monotonic() - started)
    write_cells(request.out, results, request.form)
    if request.table is not None:
        write_cells(request.table, results, ".csv")
    log.info("%s cells in %s", sum(len(cells) for cells in slides), request.out)
    return results


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSettings:
    """How to detect, whatever the slide; the attributes are those of ``DetectRequest``."""

    name: str = "Cells"
    region: Outline | None = None
    tile_size: int | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(f"--threshold must lie between 0 and 1, not {self.threshold}")
        if self.tile_size is not None and self.tile_size <= 0:
            raise InputError(f"--tile-size must be positive, not {self.tile_size}")


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
    model: Path, device: str, backbone_weights: Path | Literal["hub"] | None = None
) -> Detector:
    """Return the network of a model bundle on its device.

    Raises:
        BundleError: the bundle cannot be trusted or read, or its backbone's weights are missing.
    """
    return Detector.load(load_bundle(model), device, backbone_weights)


def detected(
    slide: SlideReader, detector: Detector, settings: DetectSettings, progress: Progress
) -> SlideCells:
    """Return the cells of one slide; warn of one that is far from what the model was trained on."""
    _warn_of_scale(slide, detector.card)
    found = predict(
        slide,
        detector,
        outline=settings.region,
        tile_size=settings.tile_size,
        threshold=settings.threshold,
        progress=progress,
    )
    return SlideCells(slide.name, CellsInMemory(found))


def _warn_of_scale(slide: SlideReader, card: BundleCard) -> None:
    ratio = slide.base_mpp / card.mpp
    if max(ratio, 1 / ratio) > _MOST_RESAMPLING:
        log.warning(
            "slide %r has pixels of %.3g µm, the model was trained on %.3g µm: resampled %.1f times, cells"
            " may look unlike those that it knows; check what it finds, or take a model for such slides",
            slide.name,
            slide.base_mpp,
            card.mpp,
            max(ratio, 1 / ratio),
        )


def as_results(
    slides: list[SlideCells], card: BundleCard, settings: DetectSettings, seconds: float
) -> Results:
    """Return what was found together with where it came from."""
    run_id = provenance.new_run_id()
    return Results(
        slides=slides,
        taxonomy=card.taxonomy,
        name=f"{settings.name} {run_id}",
        run_id=run_id,
        facts=_facts(card, settings, seconds),
    )


def _facts(card: BundleCard, settings: DetectSettings, seconds: float) -> Mapping[str, Any]:
    threshold = card.score_threshold if settings.threshold is None else settings.threshold
    return {
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "seconds": round(seconds, 1),
        "model": {
            "name": card.name,
            "weights_sha256": card.weights_sha256,
            "backbone": card.recipe.network.backbone,
            "mpp": card.mpp,
        },
        "threshold": threshold,
        "tile_size": settings.tile_size,
        "region": None if settings.region is None else settings.region.wkt,
        "colours": COLOURS,
    }
