"""Detection on one slide for any command: where to look, what is kept of it, and what it rests on."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from patherea_core.cells import Cells
from patherea_core.errors import SlideError
from patherea_core.geometry import Box, Floats
from patherea_core.progress import Progress
from patherea_core.regions import Outline
from patherea_core.slides import SlideReader
from patherea_core.workflow.detection.detect import detect_planned
from patherea_core.workflow.detection.journal import open_journal
from patherea_core.workflow.detection.plan import Plan
from patherea_core.workflow.predict import Detector
from plugin import provenance
from plugin.commands.slide_plan import DetectSettings, slide_plan
from plugin.outputs.cell_choice import chosen_cells, reaching
from plugin.outputs.leftovers import journal_of
from plugin.outputs.results import SlideCells, SlideFrame
from plugin.slides.check import Check
from plugin.slides.overview import overview
from plugin.slides.scan_facts import scanned_offset

log = logging.getLogger(__name__)

#: Pixels of the longer side of an overview.
_PICTURE = 2000

#: Cells per square millimetre above which no tissue can hold so many, not even lymphocytes side by side.
_MOST_DENSE = 20_000

#: Cells below which a density says nothing.
_FEW = 100


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
        seconds: that it took to look at the slide and to plan.
        tissue: what of the area is tissue, in base pixels; None unless it is wanted.
        thresholds: (T,) least probability of each class, where they differ; None where the plan's is all.
    """

    name: str
    opened: Callable[[], SlideReader]
    detector: Detector
    plan: Plan
    fingerprint: str
    digest: str | None
    checks: tuple[Check, ...]
    seconds: float
    tissue: Outline | None = None
    thresholds: Floats | None = None

    def journal(self, out: Path) -> Path:
        """Return where the detections are kept until the results are written, beside those."""
        return journal_of(out, self.fingerprint)


@dataclass(frozen=True, slots=True, eq=False)
class DetectedSlide:
    """A slide that was worked on.

    Attributes:
        planned: what was to be done.
        cells: for the outputs; they can be read as long as the journal is there.
        holes: what could not be read, in working pixels, by number of the tile.
        reasons: why it could not, by the same.
        journal: where the detections are kept.
        seconds: that detection took.
        run_id: of the run that began it, which one that goes on with it keeps.
        begun: when that was.
    """

    planned: PlannedSlide
    cells: SlideCells
    holes: Mapping[int, Box]
    reasons: Mapping[int, str]
    journal: Path
    seconds: float
    run_id: str
    begun: str


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
        InputError: the region lies outside of the slide, or a threshold is of a class that the model lacks.
        SlideError: results would be wrong on such a slide, or it has no overview in which to outline tissue.
    """
    started = time.monotonic()
    thresholds = settings.thresholds(detector.card) if settings.class_thresholds else None
    slide = opened()
    found = slide_plan(slide, detector, settings)
    card, runtime = detector.card, detector.runtime
    what = (
        *(digest, card.weights_sha256, card.backbone_sha256, found.plan.digest),
        *(runtime.name, runtime.precision, detector.device.type, torch.__version__),
        *(() if thresholds is None else thresholds.tolist()),
    )
    fingerprint = hashlib.sha256(json.dumps(what).encode()).hexdigest()
    kept = (fingerprint, digest, found.checks, time.monotonic() - started, found.tissue, thresholds)
    return PlannedSlide(slide.name, opened, detector, found.plan, *kept)


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
    note = f"{provenance.new_run_id()} {provenance.now()}"
    with open_journal(journal, planned.fingerprint, note) as found:
        run_id, begun = found.note.split()
        if found.done:
            done, batches = len(found.done), len(plan.batches)
            log.info("%s: %d of %d pieces were done before", slide.name, done, batches)
        result = detect_planned(slide, planned.detector.runtime, plan, found, progress)
    cells = _wanted(planned, result.cells)
    _warn_if_dense(planned, len(cells))
    longest = slide.base_mpp * max(slide.width, slide.height)
    picture = overview(slide, longest / _PICTURE).pixels if pictured else None
    offset = scanned_offset(slide)
    frame = SlideFrame(slide.width, slide.height, slide.base_mpp, offset)
    return DetectedSlide(
        planned=planned,
        cells=SlideCells(slide.name, cells, frame, picture, planned.tissue),
        holes=result.holes,
        reasons=result.reasons,
        journal=journal,
        seconds=time.monotonic() - started,
        run_id=run_id,
        begun=begun,
    )


def _wanted(planned: PlannedSlide, cells: Cells) -> Cells:
    """Return the cells that reach the threshold of their class: all of them where there is only one."""
    if planned.thresholds is None:
        return cells
    return chosen_cells(cells, reaching(planned.thresholds))


def _warn_if_dense(planned: PlannedSlide, count: int) -> None:
    """Say in the log that cells are more than there can be on the area that was looked at."""
    plan = planned.plan
    # Tiles reach beyond the edges of a region, and an area has parts without tissue that no tile shows.
    inside = plan.area.area * (plan.scale.base_mpp / 1000) ** 2
    square_millimetres = min(plan.square_millimetres, inside)
    if count < _FEW or count <= _MOST_DENSE * square_millimetres:
        return
    log.warning(
        "%s: %s cells on %.3g mm² are %s on each mm², more than tissue can hold; the model may have been"
        " trained too little, or its threshold or the slide's pixel size be wrong: look at the cells before"
        " they are used",
        planned.name,
        f"{count:,}",
        square_millimetres,
        f"{count / square_millimetres:,.0f}",
    )


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
