"""Count the Ki-67 index of a slide in the archive, from detected or reviewed cells that lie on it."""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Box
from patherea_core.index.kinds import KindedCells
from patherea_core.points import Points
from patherea_core.progress import Part, Progress
from patherea_core.slides import SlideReader
from plugin import provenance
from plugin.commands.ki67_adding import Titles, add_count
from plugin.commands.ki67_outputs import Ki67Outputs, write_outputs
from plugin.commands.ki67_stain import with_stain
from plugin.commands.stain_check import make_folder
from plugin.dsa.annotation_codec import AnnotationIdentity
from plugin.dsa.items import SlideItem, download_slide, slide_named, slide_to_annotate
from plugin.dsa.remote_slide import RemoteSlide, remote_slide
from plugin.dsa.session import Session, connect
from plugin.index.archive_cells import ArchiveCells, read_archive_cells
from plugin.index.classes import ClassChoice, CountedClasses, counted_classes
from plugin.index.counting import CellsOfSlide, CountSettings, count
from plugin.index.known_errors import KnownErrors, read_known_errors
from plugin.index.needs import doubled_notes, require_pixel_size
from plugin.index.regions import counting_regions
from plugin.index.report import Ki67Report, Origin
from plugin.outputs.ki67_drawing import Scene
from plugin.outputs.ki67_table import ki67_table
from plugin.slides.reader import open_slide

log = logging.getLogger(__name__)

#: Pixels along the longer side of the picture.
_LONGEST_SIDE = 1200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ki67OnItemRequest:
    """Which cells of a slide to count, and what becomes of the figures.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        item_id: the slide, by the id of its item or of its image file.
        cells: name or id of the annotation with the cells; empty takes the newest detections.
        regions: name pattern of the annotations with the regions; empty counts all over the slide.
        weights: what each region or group of regions stands for.
        choice: what is said of classes.
        settings: how to count.
        errors: reports of an evaluation of the model on data it did not learn from.
        name: what the annotations are called that are added; empty adds nothing to the archive.
        surface: whether a map of the index is added too.
        signer: who is to sign; empty takes who changed the cells last.
        outputs: files.
        mpp: micrometres per base pixel, for a slide that does not say.
        stain: whether the slide is fetched and its stain compared with the cells.
        stain_out: a folder for the files of that check; None writes none.
        logged: whether the figures go to the log, for a job whose log is all that a person sees of it.
    """

    api_url: str
    token: str
    item_id: str
    cells: str = ""
    regions: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    choice: ClassChoice = ClassChoice()  # noqa: RUF009  immutable
    settings: CountSettings = CountSettings()  # noqa: RUF009  immutable
    errors: tuple[Path, ...] = ()
    name: str = "Ki-67 index"
    surface: bool = True
    signer: str = ""
    outputs: Ki67Outputs = Ki67Outputs()  # noqa: RUF009  immutable
    mpp: float | None = None
    stain: bool = False
    stain_out: Path | None = None
    logged: bool = False

    def __post_init__(self) -> None:
        if self.stain_out is not None and not self.stain:
            raise InputError("--stain-out takes the files of --stain-check; give that, too")
        require_pixel_size(self.mpp)


def run(request: Ki67OnItemRequest, progress: Progress) -> Ki67Report:
    """Count as requested and return the figures.

    Raises:
        InputError: the annotations or settings cannot serve.
        ArchiveError: the archive does not answer, or does not allow to add the figures.
        OutputError: a file cannot be written.
    """
    request.outputs.require_writable()
    if request.stain_out is not None:
        make_folder(request.stain_out)
    known = read_known_errors(request.errors, request.choice)
    session = connect(request.api_url, request.token)
    named = slide_to_annotate if request.name else slide_named
    item = named(session, request.item_id)
    slide = remote_slide(session, item, request.mpp)
    progress.advance(0.1, "annotations")
    found = read_archive_cells(session, slide, request.cells, request.regions)
    if known is not None:
        found.require_predicted()
    progress.advance(0.4, "counting")
    report = _counted(request, slide, found, known)
    if request.stain:
        report = _with_stain(session, item, report, request, Part(progress, 0.5, 0.7))
    if request.logged:
        log.info("%s\n%s", item.name, ki67_table(report))
    progress.advance(0.7, "writing")
    if request.outputs.shown:
        whole = Box(0, 0, slide.width, slide.height)
        scene = Scene(slide.width, slide.height, slide.read(whole, _LONGEST_SIDE))
    else:
        scene = Scene(slide.width, slide.height)
    write_outputs(request.outputs, report, scene)
    if request.name:
        titles = Titles(request.name, report.run_id)
        add_count(session, item, report, titles, surface=request.surface, files=request.outputs)
    progress.advance(1.0, "done")
    return report


def _counted(
    request: Ki67OnItemRequest,
    slide: RemoteSlide,
    found: ArchiveCells,
    known: KnownErrors | None,
) -> Ki67Report:
    classes = counted_classes(found.classes, request.choice)
    cells = CellsOfSlide(
        slide.name,
        _kinded(found, classes),
        counting_regions(found.regions, request.weights),
        slide.base_mpp,
    )
    figures = count(slide.name, [cells], request.settings, None if known is None else known.errors)
    sources = {"cells": _named(found.annotations)}
    if found.region_annotations:
        sources["regions"] = _named(found.region_annotations)
    return Ki67Report(
        name=slide.name,
        item=slide.item_id,
        run_id=provenance.new_run_id(),
        slides=(cells,),
        count=figures,
        classes=classes.by_name,
        origin=Origin(
            sources=sources,
            annotations=(*found.annotations, *found.region_annotations),
            model=found.model,
            errors=known.sources if known else (),
            labelled_cells=known.cells if known else 0,
            reviewers=found.reviewers,
        ),
        signer=request.signer or (found.reviewers[-1] if found.reviewers else ""),
        notes=(*found.notes, *classes.notes, *doubled_notes({slide.name: cells.counted()})),
        made={
            "program": provenance.program(),
            **provenance.build(),
            "created": provenance.now(),
        },
    )


def _with_stain(
    session: Session,
    item: SlideItem,
    report: Ki67Report,
    request: Ki67OnItemRequest,
    progress: Progress,
) -> Ki67Report:
    """Return the report with what the stain of the slide says, which is fetched for as long as that takes."""
    name = Titles(request.name, report.run_id).stain if request.name else ""
    with tempfile.TemporaryDirectory(prefix="patherea-") as scratch:

        def opened() -> SlideReader:
            path = download_slide(session, item, Path(scratch))
            return open_slide(path, request.mpp, item.name)

        return with_stain(report, opened, progress, out=request.stain_out, annotation=name)


def _kinded(found: ArchiveCells, classes: CountedClasses) -> KindedCells:
    rows = {name: row for row, name in enumerate(classes.taxonomy.names)}
    index = np.array([rows[name] for name in found.class_names], dtype=np.int64)
    return KindedCells.of(Points(found.xy, index), classes.kinds)


def _named(annotations: tuple[AnnotationIdentity, ...]) -> str:
    return ", ".join(
        f"{one.name} (annotation {one.id}, version {one.version})" for one in annotations
    )
