"""Check the stain: whether each tumour cell has the DAB that its class says, read from the slide itself.

``checked_stain`` is for a command that has slide and cells at hand, such as that of the Ki-67 index; ``run``
reads both from files.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError, OutputError
from patherea_core.files import require_writable
from patherea_core.index.kinds import USUAL, Kind, KindedCells, Kinds
from patherea_core.index.stain_check import StainCheck, stain_check
from patherea_core.index.stain_density import RADIUS, read_stain
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from patherea_core.slides import SlideReader
from patherea_core.taxonomy import Taxonomy
from plugin.commands.stain_check_files import FILES, write_check
from plugin.index.checked_stain import CheckedSlide
from plugin.readers.cell_table import CellTable
from plugin.readers.registry import read_cells
from plugin.slides.reader import open_slide


@dataclass(frozen=True, slots=True, kw_only=True)
class StainCheckRequest:
    """Whose stain to check.

    Attributes:
        slide: a file.
        cells: a file of its cells, in any form that ``patherea evaluate`` reads.
        out: folder for the figures, the table of cells and the annotation; made if it is not there.
        by_name: what each class is to the Ki-67 index.
        radius_um: micrometres around each cell that are read.
        mpp: micrometres per base pixel, for a slide that does not say.
        seed: root of the intervals' draws.
    """

    slide: Path
    cells: Path
    out: Path
    by_name: Mapping[str, Kind] = field(default_factory=lambda: USUAL)
    radius_um: float = RADIUS
    mpp: float | None = None
    seed: int = 0


def run(request: StainCheckRequest, progress: Progress) -> CheckedSlide:
    """Check as requested, write the results and return the figures.

    Raises:
        InputError: slide, cells or settings cannot serve.
        OutputError: the results cannot be written.
    """
    slide = open_slide(request.slide, request.mpp)
    cells = _cells_of(read_cells(request.cells), slide, request.by_name)
    make_folder(request.out)
    check = checked_stain(
        slide, cells, progress, radius_um=request.radius_um, seed=Seed(request.seed)
    )
    checked = CheckedSlide(slide.name, slide.base_mpp, request.radius_um, check)
    write_check(checked, request.out)
    return checked


def checked_stain(
    slide: SlideReader,
    cells: KindedCells,
    progress: Progress,
    *,
    radius_um: float = RADIUS,
    seed: Seed | None = None,
) -> StainCheck:
    """Return how far the stain of the tumour cells of a slide agrees with their class.

    Args:
        slide: open.
        cells: in its base pixels; those that are not counted are not read.
        progress: told of every part of the slide.
        radius_um: micrometres around each cell that are read.
        seed: root of the intervals' draws; None is 0.

    Raises:
        InputError: there is no tumour cell, or a cell lies outside of the slide.
        SlideError: the slide cannot be read there.
    """
    _require_inside(slide, cells)
    tumour = cells.tumour()
    reading = read_stain(slide, tumour.xy, progress, radius_um)
    return stain_check(tumour, reading.dab, slide.base_mpp, seed or Seed(0))


def _cells_of(table: CellTable, slide: SlideReader, by_name: Mapping[str, Kind]) -> KindedCells:
    """Return the cells of the slide from a file that may name others, too."""
    rows = table.rows_by_image()
    names = {slide.name, Path(slide.name).stem, ""}
    mine = [name for name in table.image_names if name in names]
    if not mine and len(table.image_names) != 1:
        raise InputError(
            f"{table.source} has cells of {len(table.image_names)} images, but none of {slide.name}; name "
            "the image as the slide"
        )
    taxonomy = Taxonomy.of(table.class_names)
    every = KindedCells.of(table.points(taxonomy), Kinds.of(taxonomy, by_name))
    return every.take(rows[(mine or list(table.image_names))[0]])


def _require_inside(slide: SlideReader, cells: KindedCells) -> None:
    outside = np.flatnonzero(
        ((cells.xy < 0) | (cells.xy > (slide.width, slide.height))).any(axis=1)
    )
    if len(outside):
        x, y = cells.xy[outside[0]].tolist()
        raise InputError(
            f"{len(outside)} of {len(cells)} cells lie outside of {slide.name}, the first at ({x:.1f}, "
            f"{y:.1f}); give the cells of this slide, in pixels of its full resolution"
        )


def make_folder(out: Path) -> None:
    """Make the folder of a check, and see to it before long work that its files can be written.

    Raises:
        OutputError: they cannot.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{out} cannot be made a folder ({error.strerror}); name one that can"
        ) from error
    for name in FILES:
        require_writable(out / name)
