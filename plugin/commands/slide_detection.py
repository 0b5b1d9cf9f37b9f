"""Detection on one slide for any command: where to look, what is kept of it, and what it rests on."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import shapely
import torch

from patherea_core.errors import InputError, SlideError
from patherea_core.geometry import Box
from patherea_core.progress import Progress
from patherea_core.regions import Outline, as_outline
from patherea_core.slides import SlideReader
from patherea_core.workflow.detection.detect import detect_planned
from patherea_core.workflow.detection.journal import open_journal
from patherea_core.workflow.detection.plan import DetectionSettings, Plan
from patherea_core.workflow.predict import Detector
from plugin.outputs.results import SlideCells, SlideFrame
from plugin.slides.check import Check, Verdict
from plugin.slides.overview import overview
from plugin.slides.preflight import pixel_size_check, preflight
from plugin.slides.scan_facts import scanned_offset
from plugin.slides.tissue import tissue_outline

log = logging.getLogger(__name__)

#: Pixels of the longer side of an overview.
_PICTURE = 2000

#: Tiles below which it does not pay to look for tissue first.
_FEW_TILES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectSettings:
    """How to detect, whatever the slide.

    Attributes:
        name: what an annotation is called.
        region: where to look, in base pixels; None for everything.
        tile_size: side of a tile in working pixels; None lets the program choose.
        threshold: least probability of a detection; None takes the model's own.
        everywhere: whether to look where there is no tissue as well.
    """

    name: str = "Cells"
    region: Outline | None = None
    tile_size: int | None = None
    threshold: float | None = None
    everywhere: bool = False

    def __post_init__(self) -> None:
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(f"--threshold must lie between 0 and 1, not {self.threshold}")
        if self.tile_size is not None and self.tile_size <= 0:
            raise InputError(f"--tile-size must be positive, not {self.tile_size}")


@dataclass(frozen=True, slots=True, eq=False)
class PlannedSlide:
    """A slide with all that is to be done on it.

    Attributes:
        name: of the slide.
        opened: opens it; an image that is not worked on takes no memory.
        detector: the network and its card.
        plan: what is to be done.
        fingerprint: of slide, model, runtime and plan; the same one gives the same bytes.
        digest: of the slide's file; None if it is not known.
        checks: what was found of the slide beforehand.
    """

    name: str
    opened: Callable[[], SlideReader]
    detector: Detector
    plan: Plan
    fingerprint: str
    digest: str | None
    checks: tuple[Check, ...]

    def journal(self, out: Path) -> Path:
        """Return where the detections are kept until the results are written, beside those."""
        return out.with_name(f".{out.name}.{self.fingerprint[:16]}.journal")


@dataclass(frozen=True, slots=True, eq=False)
class DetectedSlide:
    """A slide that was worked on.

    Attributes:
        planned: what was to be done.
        cells: for the outputs; they can be read as long as the journal is there.
        holes: what could not be read, in working pixels, by number of the tile.
        journal: where the detections are kept.
        seconds: that it took.
    """

    planned: PlannedSlide
    cells: SlideCells
    holes: Mapping[int, Box]
    journal: Path
    seconds: float


def planned_slide(
    opened: Callable[[], SlideReader],
    detector: Detector,
    settings: DetectSettings,
    digest: str | None,
) -> PlannedSlide:
    """Return what is to be done on a slide; warn of one that is far from what the model was trained on.

    Args:
        opened: opens the slide.
        detector: the network and its card.
        settings: what is asked for.
        digest: of the slide's file, by which the same slide is known again; None if it need not be.

    Raises:
        InputError: the region lies outside of the slide.
        SlideError: results would be wrong on such a slide.
    """
    slide = opened()
    plan, checks = _plan(slide, detector, settings)
    _heed(slide.name, checks)
    card, runtime = detector.card, detector.runtime
    what = (
        *(digest, card.weights_sha256, card.backbone_sha256, plan.digest),
        *(runtime.name, runtime.precision, detector.device.type, torch.__version__),
    )
    fingerprint = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    return PlannedSlide(slide.name, opened, detector, plan, fingerprint, digest, checks)


def detected(
    planned: PlannedSlide, journal: Path, progress: Progress, *, pictured: bool = False
) -> DetectedSlide:
    """Do what was planned on one slide, but for what the journal holds, and return what was found.

    The journal stays: until the results are written the cells are read from there, and a run that was
    stopped or killed is gone on with from there.

    Args:
        planned: what is to be done.
        journal: where the detections are kept.
        progress: told after every batch of tiles.
        pictured: whether an overview of the slide is needed, for pictures.

    Raises:
        OutputError: the detections cannot be kept, or another run is at it.
        Cancelled: the progress asked to stop.
    """
    slide, plan, started = planned.opened(), planned.plan, time.monotonic()
    with open_journal(journal, planned.fingerprint) as found:
        if found.done:
            done, batches = len(found.done), len(plan.batches)
            log.info("%s: %d of %d pieces were done before", slide.name, done, batches)
        result = detect_planned(slide, planned.detector.runtime, plan, found, progress)
    longest = slide.base_mpp * max(slide.width, slide.height)
    picture = overview(slide, longest / _PICTURE).pixels if pictured else None
    offset = scanned_offset(slide)
    frame = SlideFrame(slide.width, slide.height, slide.base_mpp, offset)
    return DetectedSlide(
        planned=planned,
        cells=SlideCells(slide.name, result.cells, frame, picture),
        holes=result.holes,
        journal=journal,
        seconds=time.monotonic() - started,
    )


def _plan(
    slide: SlideReader, detector: Detector, settings: DetectSettings
) -> tuple[Plan, tuple[Check, ...]]:
    """Return the plan of a slide, and what was found of the slide beforehand.

    A slide of more than a few tiles is examined, and planned without the tiles that show no tissue.
    """
    wanted = DetectionSettings(
        outline=settings.region, tile_size=settings.tile_size, threshold=settings.threshold
    )
    whole = detector.planned(slide, wanted)
    if len(whole.tiles) <= _FEW_TILES:
        return whole, (pixel_size_check(slide, detector.card),)
    try:
        tissue = tissue_outline(slide) or shapely.MultiPolygon()
    except SlideError as error:
        log.warning("%s; so there is no overview, and all tiles are tried", error)
        return whole, (pixel_size_check(slide, detector.card),)
    seen = whole.area.intersection(tissue)
    checks = preflight(slide, detector.card, whole.area if seen.is_empty else as_outline(seen))
    if settings.everywhere:
        return whole, checks
    plan = detector.planned(slide, replace(wanted, tissue=tissue))
    log.info(
        "%s: %d of %d tiles show tissue, %.3g mm²",
        slide.name,
        len(plan.tiles),
        len(whole.tiles),
        plan.square_millimetres,
    )
    if not plan.tiles:
        log.warning(
            "slide %r shows no tissue there, so no cell is found; --everywhere looks all the same",
            slide.name,
        )
        return plan, (pixel_size_check(slide, detector.card),)
    return plan, checks


def _heed(name: str, checks: Sequence[Check]) -> None:
    """Say in the log what may make results worse, and refuse a slide on which they would be wrong."""
    for check in checks:
        words = f"slide {name!r}, {check.name}: {check.found}; {check.fix}"
        if check.verdict is Verdict.FAIL:
            raise SlideError(words)
        if check.verdict is Verdict.WARN:
            log.warning(words)


def slide_digest(path: Path) -> str:
    """Return the SHA-256 of a slide's file.

    Raises:
        SlideError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SlideError(f"slide {path.name!r} cannot be read: {error.strerror}") from error
