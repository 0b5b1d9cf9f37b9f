"""Count the Ki-67 index of cells in a file, of one image or of all images of a patient."""

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.progress import Part, Progress
from plugin import provenance
from plugin.commands.ki67_images import ImageChoice, slides_of
from plugin.commands.ki67_outputs import Ki67Outputs, write_outputs
from plugin.commands.ki67_stain import require_one, scene_of, with_stain
from plugin.commands.stain_check import make_folder
from plugin.index.classes import ClassChoice, CountedClasses, counted_classes
from plugin.index.counting import CellsOfSlide, CountSettings, count
from plugin.index.known_errors import KnownErrors, read_known_errors
from plugin.index.needs import doubled_notes, require_pixel_size
from plugin.index.report import Ki67Report, Origin
from plugin.outputs.ki67_drawing import scene_around
from plugin.readers.cell_table import CellTable
from plugin.readers.regions import read_each_region
from plugin.readers.registry import read_cells
from plugin.slides.reader import open_slide

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ki67InFilesRequest:
    """Which cells to count, and where the figures go.

    Attributes:
        cells: a file or folder of cells in any layout that is understood.
        regions: a file of outlines in which to count; None counts all cells.
        image: the one image to count; empty counts all, as those of one patient.
        weights: what each region or kind of region stands for, by its name; one without is called by its
            number: "region 1". Without regions, what each of several images stands for.
        choice: what is said of classes.
        settings: how to count.
        errors: reports of an evaluation of the model on data it did not learn from.
        signer: who is to sign; empty leaves it open.
        outputs: files.
        mpp: micrometres per base pixel; None takes what the slide of ``stain`` says. If that is not known
            either, there are no hotspots.
        stain: the slide, whose stain is compared with the cells; None compares nothing.
        stain_out: a folder for the files of that check; None writes none.
    """

    cells: Path
    regions: Path | None = None
    image: str = ""
    weights: Mapping[str, float] = field(default_factory=dict)
    choice: ClassChoice = ClassChoice()  # noqa: RUF009  immutable
    settings: CountSettings = CountSettings()  # noqa: RUF009  immutable
    errors: tuple[Path, ...] = ()
    signer: str = ""
    outputs: Ki67Outputs = Ki67Outputs()  # noqa: RUF009  immutable
    mpp: float | None = None
    stain: Path | None = None
    stain_out: Path | None = None

    def __post_init__(self) -> None:
        if self.stain_out is not None and self.stain is None:
            raise InputError("--stain-out takes the files of --stain-check SLIDE; name the slide")
        require_pixel_size(self.mpp)
        if self.outputs.surface is not None and self.mpp is None and self.stain is None:
            raise InputError("--map has a scale, so the size of the pixels is needed; give --mpp")


def run(request: Ki67InFilesRequest, progress: Progress) -> Ki67Report:
    """Count as requested and return the figures.

    Raises:
        InputError: the files or settings cannot serve.
        OutputError: a file cannot be written.
    """
    request.outputs.require_writable()
    if request.stain_out is not None:
        make_folder(request.stain_out)
    known = read_known_errors(request.errors, request.choice)
    pixels = None if request.stain is None else open_slide(request.stain, request.mpp)
    if pixels is not None:
        request = replace(request, mpp=pixels.base_mpp)
    progress.advance(0.0, "reading")
    table = read_cells(request.cells)
    classes = counted_classes(table.class_names, request.choice)
    slides = _slides(request, table, classes)
    progress.advance(0.4, "counting")
    name = slides[0].name if len(slides) == 1 else request.cells.stem
    report = Ki67Report(
        name=name or request.cells.stem,
        item="",
        run_id=provenance.new_run_id(),
        slides=slides,
        count=count(name, slides, request.settings, None if known is None else known.errors),
        classes=classes.by_name,
        origin=_origin(request, known),
        signer=request.signer,
        notes=(*classes.notes, *doubled_notes({one.name: one.counted() for one in slides})),
        made={
            "program": provenance.program(),
            **provenance.build(),
            "created": provenance.now(),
        },
    )
    if pixels is not None:
        part = Part(progress, 0.5, 0.8)
        report = with_stain(report, lambda: pixels, part, out=request.stain_out)
    progress.advance(0.8, "writing")
    scene = scene_around(report)
    if pixels is not None and request.outputs.shown:
        scene = scene_of(pixels)
    write_outputs(request.outputs, report, scene)
    progress.advance(1.0, "done")
    return report


def _slides(
    request: Ki67InFilesRequest, table: CellTable, classes: CountedClasses
) -> tuple[CellsOfSlide, ...]:
    """Return the images to count, of which there is one where the request has to do with one slide."""
    drawn = None if request.regions is None else read_each_region(request.regions)
    images = ImageChoice(image=request.image, drawn=drawn, weights=request.weights, mpp=request.mpp)
    slides = slides_of(table, classes, images)
    if request.stain is not None:
        require_one(slides)
    if request.outputs.surface is not None and len(slides) > 1:
        raise InputError(
            f"--map is of one slide, but the cells are of {len(slides)} images; choose one with --image"
        )
    return slides


def _origin(request: Ki67InFilesRequest, known: KnownErrors | None) -> Origin:
    files = {"cells": request.cells, "regions": request.regions}
    return Origin(
        sources={name: _named(path) for name, path in files.items() if path is not None},
        errors=known.sources if known else (),
        labelled_cells=known.cells if known else 0,
    )


def _named(path: Path) -> str:
    """Return a file and the digest of its content; a folder by its name only."""
    if not path.is_file():
        return str(path)
    with path.open("rb") as file:
        return f"{path.name} (SHA-256 {hashlib.file_digest(file, 'sha256').hexdigest()[:16]})"
