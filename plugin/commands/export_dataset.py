"""Export a dataset: the annotated slides of an archive become images with their points."""

import json
import logging
from collections.abc import Sequence

import shapely

from patherea_core.data.finding import counted
from patherea_core.data.manifest import Manifest, class_records
from patherea_core.data.store import DatasetWriter
from patherea_core.errors import InputError, ScaleError
from patherea_core.progress import Part, Progress
from patherea_core.taxonomy import Taxonomy
from plugin import provenance
from plugin.commands.export_classes import named_labels
from plugin.commands.export_folds import folds_of, require_enough
from plugin.commands.export_labels import (
    LabelReader,
    changes_meanwhile,
    own_regions,
    tell_annotators,
)
from plugin.commands.export_request import ExportRequest
from plugin.commands.export_slides import AnnotatedSlide, SlideCutter
from plugin.dsa.annotation_codec import Shapes
from plugin.dsa.items import SlideItem, slides_in
from plugin.dsa.labels import naming
from plugin.dsa.people import People
from plugin.dsa.remote_slide import remote_slide
from plugin.dsa.session import Session, connect
from plugin.dsa.slide_folders import slides_below, slides_listed, still_there
from plugin.slides.reader import COLOURS

__all__ = ["ExportRequest", "run"]

log = logging.getLogger(__name__)

#: Largest relative difference between slides that still count as of one pixel size.
_SAME_MPP = 0.01


def run(request: ExportRequest, progress: Progress) -> Manifest:
    """Export as requested, say where it lies, and return what the dataset says about itself.

    Raises:
        PathereaError: as ``export``.
    """
    manifest = export(request, progress)
    points = sum(sample.points for sample in manifest.samples)
    where = request.out or "the archive"
    images = counted(len(manifest.samples), "image", "images")
    log.info("%s with %s in %s", images, counted(points, "point", "points"), where)
    return manifest


def export(request: ExportRequest, progress: Progress) -> Manifest:
    """Export as requested, whole or not at all, and return what the dataset says about itself.

    Raises:
        InputError: the labels or slides cannot serve; the message names the element and how to mend it.
        ArchiveError: the archive does not answer, or not any more.
        OutputError: the dataset cannot be written.
    """
    destination = request.destination
    with destination.folder() as folder:
        with DatasetWriter(folder) as writer:
            session = connect(request.api_url, request.token)
            destination.require_possible(session)
            manifest = _export(request, session, writer, progress)
        destination.deliver(session, folder, manifest)
    return manifest


def _export(
    request: ExportRequest, session: Session, writer: DatasetWriter, progress: Progress
) -> Manifest:
    reader = LabelReader(session, request.choice, request.class_rule, People(session))
    chosen = reader.chosen(_slides(session, request), Part(progress, 0.0, 0.1))
    patients = request.patients.patients(tuple(chosen))
    require_enough(patients.values(), request.folds)
    written = reader.read(chosen, Part(progress, 0.1, 0.2))
    taxonomy, labels = named_labels(written, request.classes, request.renamed_groups)
    sources = [
        _source(session, request, (slide, own, patients[slide.id]), taxonomy)
        for slide, own in labels.items()
    ]
    tell_annotators(sources)
    folds = folds_of(sources, request.folds)
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
    cutting.advance(1.0, counted(len(sources), "slide is cut", "slides are cut"))
    changed = changes_meanwhile(session, sources)
    return writer.finish(
        classes=class_records(taxonomy),
        mpp=cutter.mpp,
        folds=len(set(folds.values())),
        slides=[source.record(changed) for source in sources],
        lineage=_lineage(request, session),
    )


def _slides(session: Session, request: ExportRequest) -> tuple[SlideItem, ...]:
    if request.items:
        return slides_listed(session, request.items)
    every = slides_below if request.subfolders else slides_in
    slides = every(session, request.folder_id)
    if not slides:
        raise InputError(
            "the folder holds no slide; name the one that the slides lie in"
            + ("" if request.subfolders else ", or take its sub-folders, too")
        )
    return slides


def _source(
    session: Session,
    request: ExportRequest,
    labelled: tuple[SlideItem, tuple[Shapes, ...], str],
    taxonomy: Taxonomy,
) -> AnnotatedSlide:
    slide, annotations, patient = labelled
    with still_there(session, slide):
        remote = remote_slide(session, slide, request.mpp_override, "--slide-mpp")
    with naming(slide.name):
        regions = own_regions(annotations, taxonomy, request.points_outside, request.annotators)
    whole = shapely.box(0, 0, remote.width, remote.height)
    for own in regions:
        if not whole.covers(own.region.outline):
            where = f"slide {slide.name!r}: region {own.region.name}"
            log.warning("%s reaches beyond the slide; nothing can be learnt there", where)
    return AnnotatedSlide(
        slide=slide,
        annotations=annotations,
        regions=regions,
        patient=patient,
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


def _lineage(request: ExportRequest, session: Session) -> dict[str, str]:
    return {
        "archive": session.address,
        **({"folder": request.folder_id} if request.folder_id else {}),
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "colours": COLOURS,
        "parameters": json.dumps(request.parameters()),
    }
