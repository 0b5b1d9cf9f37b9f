"""The stain beside a Ki-67 index: whether the slide agrees with the classes of the counted cells."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from patherea_core.errors import InputError
from patherea_core.index.stain_density import RADIUS
from patherea_core.progress import Progress
from patherea_core.slides import SlideReader
from plugin.commands.stain_check import checked_stain
from plugin.commands.stain_check_files import (
    TABLE,
    check_annotations,
    not_shown,
    part_names,
    write_check,
)
from plugin.index.checked_stain import CheckedSlide
from plugin.index.counting import CellsOfSlide
from plugin.index.report import Ki67Report
from plugin.outputs.ki67_drawing import Scene
from plugin.slides.overview import overview

#: What is said where there is nothing to check.
_NOTHING = "No tumour cell, so there is no stain to check."
#: Pixels along the longer side of the picture.
_LONGEST_SIDE = 1200


def with_stain(
    report: Ki67Report,
    opened: Callable[[], SlideReader],
    progress: Progress,
    *,
    out: Path | None = None,
    annotation: str = "",
) -> Ki67Report:
    """Return a report that tells how far the stain agrees with the counted cells.

    Args:
        report: of one slide.
        opened: opens the slide; not called if there is no tumour cell.
        progress: told of every part of the slide.
        out: a folder for the figures, the table and the annotation of the check; None writes none.
        annotation: what the annotation with the contradicting cells will be called; empty if there is none.

    Raises:
        InputError: a cell lies outside of the slide.
        SlideError: the slide cannot be read.
        OutputError: the folder cannot be written.
    """
    cells = report.slides[0].counted()
    if not len(cells.tumour()):
        return replace(report, notes=(*report.notes, _NOTHING))
    slide = opened()
    check = checked_stain(slide, cells, progress, seed=report.count.settings.seed)
    checked = CheckedSlide(slide.name, slide.base_mpp, RADIUS, check)
    listed = [_annotations(checked, annotation)] if annotation and checked.disagreeing else []
    if out is not None:
        write_check(checked, out)
        listed.append(str(out / TABLE))
    return replace(report, stain=checked, stain_listed=" and ".join(listed))


def scene_of(slide: SlideReader) -> Scene:
    """Return the whole slide in few pixels, for the picture of the page.

    Raises:
        SlideError: the slide cannot be read.
    """
    longest = max(slide.width, slide.height)
    seen = overview(slide, slide.base_mpp * longest / _LONGEST_SIDE)
    return Scene(slide.width, slide.height, seen.pixels)


def _annotations(checked: CheckedSlide, name: str) -> str:
    """Return in words which annotations list the cells, and how many they leave out."""
    parts = part_names(checked, name)
    where = f"annotation {name!r}"
    if len(parts) > 1:
        where = f"annotations {parts[0]!r} to {parts[-1]!r}"
    left_out = not_shown(checked)
    return f"{where} (without the {left_out:,} least striking)" if left_out else where


def stain_annotations(report: Ki67Report, name: str) -> tuple[dict[str, Any], ...]:
    """Return the contradicting cells as annotations, hidden at first; nothing if there is none.

    Args:
        report: with its stain checked, or not.
        name: what the annotations are called.
    """
    if report.stain is None or not report.stain.disagreeing:
        return ()
    return check_annotations(report.stain, f"{report.run_id}-stain", name, visible=False)


def require_one(slides: tuple[CellsOfSlide, ...]) -> None:
    """Refuse the cells of several images, of which one slide cannot tell.

    Raises:
        InputError: they are such.
    """
    if len(slides) > 1:
        raise InputError(
            f"--stain-check reads one slide, but the cells are of {len(slides)} images; choose one with"
            " --image"
        )
