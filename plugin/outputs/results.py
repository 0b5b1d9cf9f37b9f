"""The cells of some slides, before they become a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from patherea_core.cells import Cells
from patherea_core.errors import InputError
from patherea_core.geometry import Pixels
from patherea_core.regions import Outline
from patherea_core.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class SlideFrame:
    """How large a slide is, and where on it other programs begin to count.

    Attributes:
        width: in base pixels.
        height: in base pixels.
        base_mpp: micrometres per base pixel.
        offset: (x, y) of the corner of the scanned area in base pixels, which QuPath takes as its origin.
    """

    width: int
    height: int
    base_mpp: float
    offset: tuple[float, float] = (0, 0)

    def __post_init__(self) -> None:
        if not (self.width > 0 and self.height > 0 and self.base_mpp > 0):
            raise InputError(
                f"a slide has a positive width, height and pixel size, not {self.width} × {self.height}"
                f" pixels of {self.base_mpp} µm"
            )


@dataclass(frozen=True, slots=True, eq=False)
class SlideCells:
    """What was found on one slide.

    Attributes:
        slide: its name.
        cells: in its base pixels; they need not fit into memory.
        frame: of the slide; None if it is not known.
        overview: (h, w, 3) RGB of the whole slide at any scale, for pictures; None draws on white.
        tissue: its tissue in base pixels, empty where there is none; None if nobody looked for it.
    """

    slide: str
    cells: Cells
    frame: SlideFrame | None = None
    overview: Pixels | None = None
    tissue: Outline | None = None

    def __len__(self) -> int:
        return len(self.cells)

    def require_frame(self, what: str) -> SlideFrame:
        """Return the frame of the slide.

        Raises:
            InputError: it is not known, and what is to be written needs it.
        """
        if self.frame is None:
            raise InputError(
                f"{what} needs to know how large slide {self.slide!r} is; write a table instead"
            )
        return self.frame

    def require_tissue(self) -> Outline:
        """Return the tissue of the slide.

        Raises:
            InputError: nobody looked for it.
        """
        if self.tissue is None:
            raise InputError(
                f"no tissue was looked for on slide {self.slide!r}, so there is no outline of it to write"
            )
        return self.tissue


@dataclass(frozen=True, slots=True, eq=False)
class Results:
    """What one run found.

    Attributes:
        slides: slide by slide.
        taxonomy: the classes.
        name: what an annotation of it is called.
        run_id: names the run.
        facts: where it came from.
    """

    slides: Sequence[SlideCells]
    taxonomy: Taxonomy
    name: str
    run_id: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return what a file should say of itself besides the cells, ready for JSON."""
        return {
            "run": self.run_id,
            "name": self.name,
            **self.facts,
            "classes": [
                {"name": cell_class.name, "color": cell_class.color}
                for cell_class in self.taxonomy.classes
            ],
            "slides": [_slide_record(cells) for cells in self.slides],
        }


def _slide_record(cells: SlideCells) -> dict[str, Any]:
    frame = cells.frame
    if frame is None:
        return {"name": cells.slide, "cells": len(cells)}
    return {
        "name": cells.slide,
        "cells": len(cells),
        "width": frame.width,
        "height": frame.height,
        "base_mpp": frame.base_mpp,
        "offset": list(frame.offset),
    }
