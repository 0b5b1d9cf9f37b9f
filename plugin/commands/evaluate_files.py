"""Evaluate detections in files: compare them with a person's points, and with another model's."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from patherea_core.data.folder import require_free
from patherea_core.errors import InputError
from patherea_core.evaluation.comparison import Comparison, compare
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.report import Evaluation, evaluate
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from plugin.commands.evaluation_fields import Fields, FileOptions, file_fields
from plugin.outputs.evaluation_report import EvaluationReport, described
from plugin.outputs.report_folder import write_report
from plugin.radius import Radius
from plugin.readers.cell_table import CellTable
from plugin.readers.regions import read_regions
from plugin.readers.registry import read_cells
from plugin.slides.image_folder import ImageFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateFilesRequest:
    """Which files to compare, and how.

    Attributes:
        detections: a file or folder of cells in any layout that is understood.
        points: the same of a person's points.
        radius: largest distance of a pair.
        regions: a file of outlines in which cells were labelled; None if that is not known.
        rival: detections of another model on the same images, to compare with.
        classes: the classes in order; none takes those of the points.
        mapping: old names of classes to new ones, in any of the files.
        threshold: least score of a detection that takes part.
        mpp: micrometres per base pixel, for a radius in micrometres.
        seed: root of the chance level, of the intervals and of the examples.
        allow_missing: count an image that one file lacks in full, instead of refusing it.
        images: a folder with the images, for pictures of cells.
        out: a new folder for the report; None writes none.
    """

    detections: Path
    points: Path
    radius: Radius
    regions: Path | None = None
    rival: Path | None = None
    classes: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    threshold: float = 0.0
    mpp: float | None = None
    seed: int = 0
    allow_missing: bool = False
    images: Path | None = None
    out: Path | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f"--threshold must lie between 0 and 1, not {self.threshold}")


@dataclass(frozen=True, slots=True)
class FilesEvaluation:
    """How well the detections agree with the points, and how much better they do than a rival's."""

    evaluation: Evaluation
    comparison: Comparison | None = None


def run(request: EvaluateFilesRequest, progress: Progress) -> FilesEvaluation:
    """Evaluate as requested and return the figures.

    Raises:
        InputError: the files or settings cannot serve.
        OutputError: the report cannot be written.
    """
    if request.out is not None:
        require_free(request.out)
    radius = request.radius.in_pixels(request.mpp)
    source = None if request.images is None else ImageFolder(request.images).pixels
    progress.advance(0.0, "reading")
    points = read_cells(request.points)
    fields = _fields(request, request.detections, points)
    progress.advance(0.2, "comparing")
    evaluation = evaluate(fields.fields, fields.taxonomy, radius, Seed(request.seed))
    comparison = _comparison(request, points, evaluation)
    progress.advance(0.6, "compared")
    if request.out is not None:
        report = described(
            EvaluationReport(
                title=request.detections.name,
                evaluation=evaluation,
                fields=tuple(entry.clipped() for entry in fields.fields),
                comparison=comparison,
                sources=_sources(request),
            ),
            Seed(request.seed),
            source,
        )
        write_report(request.out, report, Part(progress, 0.6, 1.0))
        log.info("the report is %s", request.out / "report.html")
    progress.advance(1.0, "done")
    return FilesEvaluation(evaluation, comparison)


def _fields(request: EvaluateFilesRequest, detections: Path, points: CellTable) -> Fields:
    options = FileOptions(
        classes=request.classes,
        mapping=request.mapping,
        regions=None if request.regions is None else read_regions(request.regions),
        allow_missing=request.allow_missing,
    )
    fields = file_fields(read_cells(detections), points, options)
    return Fields(
        tuple(_sure(entry, request.threshold) for entry in fields.fields), fields.taxonomy
    )


def _sure(entry: Field, threshold: float) -> Field:
    found = entry.detections
    return Field(
        entry.name,
        found.take(found.score >= threshold),
        entry.points,
        entry.area,
        entry.patient,
        entry.radius,
    )


def _comparison(
    request: EvaluateFilesRequest, points: CellTable, evaluation: Evaluation
) -> Comparison | None:
    if request.rival is None:
        return None
    theirs = _fields(request, request.rival, points)
    evaluation.taxonomy.require_same(theirs.taxonomy.names, str(request.rival))
    rival = evaluate(theirs.fields, theirs.taxonomy, evaluation.radius, Seed(request.seed))
    return compare(evaluation.groups, rival.groups, Seed(request.seed))


def _sources(request: EvaluateFilesRequest) -> dict[str, str]:
    named = {
        "detections": request.detections,
        "points": request.points,
        "regions": request.regions,
        "compared with": request.rival,
    }
    settings = {
        "radius": str(request.radius),
        "least score": f"{request.threshold:g}",
        "classes renamed": ", ".join(f"{old} = {new}" for old, new in request.mapping.items()),
        "seed": str(request.seed),
    }
    files = {name: str(path) for name, path in named.items() if path is not None}
    return {**files, **{name: text for name, text in settings.items() if text}}
