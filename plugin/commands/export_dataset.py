"""Export a dataset: the annotated slides of an archive's folder become images with their points."""

import json
import logging
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely

from patherea_core.data.folds import assign_folds, assign_region_folds
from patherea_core.data.manifest import Manifest, class_records
from patherea_core.data.store import DatasetWriter, pack
from patherea_core.errors import DatasetError, InputError, ScaleError, TaxonomyError
from patherea_core.files import require_writable
from patherea_core.progress import Part, Progress
from patherea_core.taxonomy import Taxonomy
from plugin import provenance
from plugin.commands.export_slides import AnnotatedSlide, Place, SlideCutter
from plugin.dsa.annotation_codec import Shapes
from plugin.dsa.items import SlideItem, slides_in
from plugin.dsa.labels import (
    PointsOutside,
    found_classes,
    labelled_regions,
    naming,
    read_labels,
)
from plugin.dsa.remote_slide import remote_slide
from plugin.dsa.session import Session, connect
from plugin.slides.reader import COLOURS

log = logging.getLogger(__name__)

#: Parts of a dataset unless a number is given: to train on, to validate on, to test on.
_USUAL_FOLDS = 3

#: Largest relative difference between slides that still count as of one pixel size.
_SAME_MPP = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Which slides to export, and how.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        folder_id: the folder of slides.
        out: a new folder; or a file, where ``pack`` is set or its name ends in .zip.
        annotations: name pattern of the annotations that are labels.
        classes: the classes in order; none takes those that occur.
        mpp: micrometres per pixel of the dataset; None takes that of the slides.
        tile_size: largest side of an image in working pixels.
        folds: number of parts that share no patient; None takes three, or fewer where there are fewer
            patients.
        patient_field: metadata field of a slide that names its patient.
        mpp_override: micrometres per base pixel, for slides that do not say.
        points_outside: what to do with a point outside of every region.
        pack: write one file instead of a folder.
    """

    api_url: str
    token: str
    folder_id: str
    out: Path
    annotations: str = "*"
    classes: tuple[str, ...] = ()
    mpp: float | None = None
    tile_size: int = 1024
    folds: int | None = None
    patient_field: str = "patient"
    mpp_override: float | None = None
    points_outside: PointsOutside = "error"
    pack: bool = False

    def __post_init__(self) -> None:
        if self.tile_size < 1:
            raise InputError(f"the side of an image must be at least 1 pixel, not {self.tile_size}")


def run(request: ExportRequest, progress: Progress) -> Manifest:
    """Export as requested, whole or not at all, and return what the dataset says about itself.

    Raises:
        InputError: the labels or slides cannot serve; the message names the element and how to mend it.
        ArchiveError: the archive does not answer, or not any more.
        OutputError: the dataset cannot be written.
    """
    if not (request.pack or request.out.suffix == ".zip"):
        return _export(request, request.out, progress)
    if request.out.is_file():
        raise DatasetError(f"{request.out} is there already; choose another name")
    require_writable(request.out)
    with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:
        folder = Path(scratch) / "dataset"
        manifest = _export(request, folder, progress)
        pack(folder, request.out)
        return manifest


def _export(request: ExportRequest, folder: Path, progress: Progress) -> Manifest:
    with DatasetWriter(folder) as writer:
        session = connect(request.api_url, request.token)
        labels = _labels(session, request, Part(progress, 0.0, 0.2))
        taxonomy = _taxonomy(labels, request)
        sources = [_source(session, request, slide, own, taxonomy) for slide, own in labels.items()]
        folds = _folds(sources, request.folds)
        cutter = SlideCutter(
            session=session,
            folds=folds,
            mpp=_working_mpp(sources, request.mpp),
            tile_size=request.tile_size,
        )
        cutting = Part(progress, 0.2, 1.0)
        for number, source in enumerate(sources):
            cutting.advance(number / len(sources), f"cutting {source.slide.name}")
            for sample in cutter.samples(source):
                writer.add(sample)
        cutting.advance(1.0, f"{len(sources)} slides are cut")
        manifest = writer.finish(
            classes=class_records(taxonomy),
            mpp=cutter.mpp,
            folds=len(set(folds.values())),
            slides=[source.record for source in sources],
            lineage=_lineage(request, session),
        )
    points = sum(sample.points for sample in manifest.samples)
    log.info("%s images with %s points in %s", len(manifest.samples), points, request.out)
    return manifest


def _labels(
    session: Session, request: ExportRequest, progress: Progress
) -> dict[SlideItem, tuple[Shapes, ...]]:
    """Return the annotations of every slide that has some."""
    slides = slides_in(session, request.folder_id)
    found: dict[SlideItem, tuple[Shapes, ...]] = {}
    for number, slide in enumerate(slides):
        progress.advance(number / len(slides), f"annotations of {slide.name}")
        with naming(slide.name):
            annotations = read_labels(session, slide.id, request.annotations)
        if annotations:
            found[slide] = annotations
        else:
            log.info("%s has no annotation to export; it is left out", slide.name)
    if not slides:
        raise InputError("the folder holds no slide; name the one that the slides lie in")
    if not found:
        raise InputError(
            f"none of the {len(slides)} slides in the folder has an annotation named "
            f"{request.annotations!r}; annotate one, or name others with --annotations"
        )
    if not any(shapes.regions or shapes.element_ids for own in found.values() for shapes in own):
        raise InputError("the annotations hold neither a region nor a point; draw both")
    return found


def _taxonomy(labels: Mapping[SlideItem, tuple[Shapes, ...]], request: ExportRequest) -> Taxonomy:
    every = [shapes for annotations in labels.values() for shapes in annotations]
    names = request.classes or found_classes(every)
    if not names:
        raise TaxonomyError(
            "no point says which classes there are; name the classes with --classes"
        )
    return Taxonomy.of(names)


def _source(
    session: Session,
    request: ExportRequest,
    slide: SlideItem,
    annotations: tuple[Shapes, ...],
    taxonomy: Taxonomy,
) -> AnnotatedSlide:
    remote = remote_slide(session, slide, request.mpp_override, "--slide-mpp")
    with naming(slide.name):
        regions = labelled_regions(annotations, taxonomy, request.points_outside)
    whole = shapely.box(0, 0, remote.width, remote.height)
    for region in regions:
        if not whole.covers(region.outline):
            where = f"slide {slide.name!r}: region {region.name}"
            log.warning("%s reaches beyond the slide; nothing can be learnt there", where)
    return AnnotatedSlide(
        slide=slide,
        annotations=annotations,
        regions=regions,
        patient=str(slide.metadata.get(request.patient_field) or slide.name).strip(),
        base_mpp=remote.base_mpp,
    )


def _working_mpp(sources: Sequence[AnnotatedSlide], wanted: float | None) -> float:
    if wanted is not None:
        return wanted
    first = sources[0]
    for source in sources:
        if abs(source.base_mpp / first.base_mpp - 1) > _SAME_MPP:
            raise ScaleError(
                f"slide {source.slide.name!r} has pixels of {source.base_mpp:.4g} µm, but "
                f"{first.slide.name!r} of {first.base_mpp:.4g} µm; give the dataset's with --mpp"
            )
    return first.base_mpp


def _folds(sources: Sequence[AnnotatedSlide], wanted: int | None) -> dict[Place, int]:
    """Return the fold of each region: that of its patient, or its own where there is one patient."""
    one_patient = len({source.patient for source in sources}) == 1
    keys: dict[Place, str] = {}
    points: Counter[str] = Counter()
    for source in sources:
        for place, region in zip(source.places, source.regions, strict=True):
            keys[place] = "/".join(place) if one_patient else source.patient
            points[keys[place]] += len(region.points)
    if one_patient:
        log.warning(
            "all slides are of one patient, so the folds are made of regions; "
            "scores will look better than they are"
        )
    folds = min(_USUAL_FOLDS, len(points)) if wanted is None else wanted
    if folds < _USUAL_FOLDS and wanted is None:
        what = "regions" if one_patient else "patients"
        log.warning("%s folds only, since there are no more %s; label more", folds, what)
    assigned = (assign_region_folds if one_patient else assign_folds)(points, folds)
    return {place: assigned[key] for place, key in keys.items()}


def _lineage(request: ExportRequest, session: Session) -> dict[str, str]:
    parameters = {
        "annotations": request.annotations,
        "classes": request.classes,
        "mpp": request.mpp,
        "mpp_override": request.mpp_override,
        "tile_size": request.tile_size,
        "patient_field": request.patient_field,
        "points_outside": request.points_outside,
    }
    return {
        "archive": session.address,
        "folder": request.folder_id,
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "colours": COLOURS,
        "parameters": json.dumps(parameters),
    }
