"""The files of a Ki-67 count: figures for programs, and a page for people as HTML and PDF."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from patherea_core.errors import InputError
from patherea_core.files import require_writable, write_whole
from patherea_core.index.surface import Surface, index_surface
from plugin.index.report import Ki67Report, report_figures
from plugin.outputs.ki67_drawing import Scene

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ki67Outputs:
    """Where the figures go; None writes none.

    Attributes:
        report: as JSON.
        page: as HTML.
        pdf: the page as PDF.
        surface: the index all over the slide as TIFF, where there is one.
    """

    report: Path | None = None
    page: Path | None = None
    pdf: Path | None = None
    surface: Path | None = None

    def paths(self) -> Iterator[Path]:
        """Yield those that are written."""
        every = (self.report, self.page, self.pdf, self.surface)
        yield from (path for path in every if path is not None)

    @property
    def shown(self) -> bool:
        """Whether there is a picture in one of them."""
        return self.page is not None or self.pdf is not None

    def require_writable(self) -> None:
        """Check before long work that all of them can be written.

        Raises:
            InputError: the name of a page ends as if it were no page.
            OutputError: one cannot be written.
        """
        forms = ((self.page, "--page", ("html", "htm")), (self.pdf, "--pdf", ("pdf",)))
        for path, flag, ends in forms:
            if path is not None and path.suffix.lower() not in {"", *(f".{end}" for end in ends)}:
                raise InputError(
                    f"{flag} writes {ends[0].upper()}, but {path.name} ends in {path.suffix}; end it"
                    f" in .{ends[0]}"
                )
        for path in self.paths():
            require_writable(path)


def write_outputs(outputs: Ki67Outputs, report: Ki67Report, scene: Scene) -> None:
    """Write all that is wanted, each file whole or not at all.

    Raises:
        OutputError: one cannot be written.
    """
    if outputs.report is not None:
        content = json.dumps(report_figures(report), allow_nan=False, indent=1)
        write_whole(outputs.report, content.encode("ascii"))
    if outputs.page is not None:
        from plugin.outputs.ki67_page import ki67_page

        write_whole(outputs.page, ki67_page(report, scene).encode())
    if outputs.pdf is not None:
        from plugin.outputs.ki67_pdf import ki67_pdf

        write_whole(outputs.pdf, ki67_pdf(report, scene))
    if outputs.surface is not None:
        _write_surface(outputs.surface, report)


def surface_of(report: Ki67Report) -> Surface | None:
    """Return the index all over the one slide of a count; None where it is undefined all over."""
    slide = report.slides[0]
    if len(report.slides) > 1 or slide.mpp is None:
        return None
    found = index_surface(slide.counted(), slide.mpp)
    return None if found is None or np.isnan(found.share).all() else found


def _write_surface(path: Path, report: Ki67Report) -> None:
    from plugin.outputs.ki67_surface_tiff import write_surface

    found, mpp = surface_of(report), report.slides[0].mpp
    if found is None or mpp is None:
        log.warning("%s has no map of the index, so %s is not written", report.name, path)
        return
    write_surface(path, found, mpp)
