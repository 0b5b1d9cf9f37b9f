"""Evaluate detections in files: compare them with a person's points, and with another model's."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from patherea_core.data.folder import require_free
from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation.comparison import Comparison
from patherea_core.evaluation.outcomes import hit_distances, outcomes
from patherea_core.evaluation.report import Evaluation, evaluate
from patherea_core.evaluation.thresholds import apply_thresholds
from patherea_core.geometry import Floats
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from patherea_core.taxonomy import Taxonomy
from plugin.commands.evaluation_fields import Fields, FileOptions, file_fields
from plugin.commands.two_models import compared
from plugin.outputs.evaluation_report import EvaluationReport, described
from plugin.outputs.report_folder import write_report
from plugin.radius import Radius
from plugin.readers.cell_table import CellTable
from plugin.readers.regions import read_regions
from plugin.readers.registry import read_cells
from plugin.slides.image_folder import ImageFolder

log = logging.getLogger(__name__)

#: Least scores: one for all classes, or one for each that is named.
Thresholds = float | Mapping[str, float]


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
        threshold: least score of a detection that takes part; of each class that is named, or of all.
        mpp: micrometres per base pixel, for a radius in micrometres.
        seed: root of the chance level, of the intervals and of the examples.
        allow_missing: count an image that one file lacks in full, instead of refusing it.
        closest: tell how far hits lie from their points, of the closest pairs among as many as possible.
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
    threshold: Thresholds = 0.0
    mpp: float | None = None
    seed: int = 0
    allow_missing: bool = False
    closest: bool = False
    images: Path | None = None
    out: Path | None = None

    def __post_init__(self) -> None:
        given = self.threshold
        for least in given.values() if isinstance(given, Mapping) else (given,):
            if not 0 <= least <= 1:
                raise InputError(f"--threshold must lie between 0 and 1, not {least}")
        if self.images is not None and self.out is None:
            raise InputError("--images gives pictures to a report; name its folder with --out")


@dataclass(frozen=True, slots=True)
class FilesEvaluation:
    """How well the detections agree with the points, and how much better they do than a rival's.

    Attributes:
        evaluation: the figures.
        comparison: with the rival; None if there was none.
        distances: (H,) base pixels from each hit to its point, of the closest pairs; None if not asked for.
    """

    evaluation: Evaluation
    comparison: Comparison | None = None
    distances: Floats | None = None


def run(request: EvaluateFilesRequest, progress: Progress) -> FilesEvaluation:
    """Evaluate as requested and return the figures.

    Raises:
        InputError: the files or settings cannot serve.
        OutputError: the report cannot be written.
        Cancelled: the progress asked to stop; no report is written.
    """
    if request.out is not None:
        require_free(request.out)
    radius = request.radius.in_pixels(request.mpp)
    images = None if request.images is None else ImageFolder(request.images)
    progress.advance(0.0, "reading")
    points, detections = read_cells(request.points), read_cells(request.detections)
    rival = None if request.rival is None else read_cells(request.rival)
    fields = _fields(request, detections, points, rival)
    progress.advance(0.2, "comparing")
    evaluation = evaluate(fields.fields, fields.taxonomy, radius, Seed(request.seed))
    comparison = None
    if rival is not None:
        theirs = _fields(request, rival, points, detections)
        comparison = compared(fields, theirs, radius, Seed(request.seed))
    progress.advance(0.6, "compared")
    if request.out is not None:
        plain = EvaluationReport(
            title=request.detections.name,
            evaluation=evaluation,
            fields=tuple(entry.clipped() for entry in fields.fields),
            comparison=comparison,
            sources=_sources(request),
        )
        report = described(plain, Seed(request.seed), images)
        write_report(request.out, report, Part(progress, 0.6, 1.0))
        log.info("the report is %s", request.out / "report.html")
    progress.advance(1.0, "done")
    distances = _distances(fields, radius) if request.closest else None
    return FilesEvaluation(evaluation, comparison, distances)


def _distances(fields: Fields, radius: float) -> Floats:
    count, inner = len(fields.taxonomy), [entry.clipped() for entry in fields.fields]
    return np.concatenate([hit_distances(entry, outcomes(entry, count, radius)) for entry in inner])


def _fields(
    request: EvaluateFilesRequest, detections: CellTable, points: CellTable, other: CellTable | None
) -> Fields:
    """Return the images of one model; class names of the other model may be renamed as well."""
    options = FileOptions(
        classes=request.classes,
        mapping=request.mapping,
        known=() if other is None else other.class_names,
        regions=None if request.regions is None else read_regions(request.regions),
        allow_missing=request.allow_missing,
    )
    fields = file_fields(detections, points, options)
    if request.threshold and detections.score is None:
        log.warning("%s has no scores, so --threshold leaves all of it", detections.source)
    least = _thresholds(request.threshold, fields.taxonomy)
    return Fields(
        tuple(
            replace(entry, detections=apply_thresholds(entry.detections, least))
            for entry in fields.fields
        ),
        fields.taxonomy,
    )


def _thresholds(given: Thresholds, taxonomy: Taxonomy) -> tuple[float | None, ...]:
    """Return the least score of each class."""
    if not isinstance(given, Mapping):
        return (given,) * len(taxonomy)
    unknown = [name for name in given if name not in taxonomy.names]
    if unknown:
        raise TaxonomyError(
            f"--threshold names class {unknown[0]!r}; the classes are: {', '.join(taxonomy.names)}"
        )
    return tuple(given.get(name) for name in taxonomy.names)


def _sources(request: EvaluateFilesRequest) -> dict[str, str]:
    """Return what was compared with which settings, so that it can be done again."""
    named = {
        "detections": request.detections,
        "points": request.points,
        "regions": request.regions,
        "compared with": request.rival,
    }
    settings = {
        "radius": str(request.radius),
        "micrometres per pixel": "" if request.mpp is None else f"{request.mpp:g}",
        "least score": _threshold_text(request.threshold),
        "classes": ", ".join(request.classes),
        "classes renamed": ", ".join(f"{old} = {new}" for old, new in request.mapping.items()),
        "missing images": "have no cells" if request.allow_missing else "",
        "seed": str(request.seed),
    }
    files = {name: _named(path) for name, path in named.items() if path is not None}
    return {**files, **{name: text for name, text in settings.items() if text}}


def _threshold_text(threshold: Thresholds) -> str:
    if isinstance(threshold, Mapping):
        return ", ".join(f"{name} {least:g}" for name, least in threshold.items())
    return f"{threshold:g}" if threshold else ""


def _named(path: Path) -> str:
    """Return a file and the digest of its content; a folder by its name only."""
    if not path.is_file():
        return str(path)
    with path.open("rb") as file:
        return f"{path} (SHA-256 {hashlib.file_digest(file, 'sha256').hexdigest()})"
