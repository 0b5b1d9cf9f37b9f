"""What the core needs of a slide, and how pixels of the model's size are read from it.

Readers live at the edge; here is only the port, and the one way to resample that training and
detection share.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from PIL import Image

from patherea_core.errors import ShapeError
from patherea_core.geometry import Box, Pixels, Scale

#: Base pixels read beyond a window, so that resampling never sees a border that is not the slide's.
_RESAMPLING_MARGIN = 4

#: Base pixels from top to bottom that are read at once where they are resampled: before that, a window of a
#: slide with small pixels is many times larger.
_STRIP = 1024


class SlideReader(Protocol):
    """Anything that yields pixels of one slide."""

    @property
    def name(self) -> str:
        """What the slide is called in results and messages."""

    @property
    def base_mpp(self) -> float:
        """Micrometres per base pixel."""

    @property
    def width(self) -> int:
        """Columns at full resolution."""

    @property
    def height(self) -> int:
        """Rows at full resolution."""

    def read(self, box: Box) -> Pixels:
        """Return (height, width, 3) RGB base pixels of the box; white where the slide ends."""


@dataclass(frozen=True, slots=True, eq=False)
class ArraySlide:
    """An image in memory as a slide: (height, width, 3) RGB pixels of one size."""

    name: str
    base_mpp: float
    pixels: Pixels

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:
            raise ShapeError(
                f"pixels must be (height, width, 3) uint8, not {self.pixels.shape} {self.pixels.dtype}"
            )

    @property
    def width(self) -> int:
        """Columns at full resolution."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows at full resolution."""
        return int(self.pixels.shape[0])

    def read(self, box: Box) -> Pixels:
        """Return the pixels of the box; white where the image ends."""
        part = box.intersection(Box(0, 0, self.width, self.height))
        window = np.full((box.height, box.width, 3), 255, dtype=np.uint8)
        if part is not None:
            left, top = part.left - box.left, part.top - box.top
            window[top : top + part.height, left : left + part.width] = self.pixels[
                part.top : part.bottom, part.left : part.right
            ]
        return window


def read_working(slide: SlideReader, box: Box, working_mpp: float) -> Pixels:
    """Return (height, width, 3) RGB working pixels of a box in working pixels.

    A window of a larger window equals that part of the larger one but for rounding, whatever the two
    pixel sizes: the base pixels around the window take part in the resampling, and the window's
    corner may fall between base pixels.
    """
    factor = Scale(slide.base_mpp, working_mpp).base_per_working
    if math.isclose(factor, 1.0, rel_tol=1e-6):
        return slide.read(box)
    margin = math.ceil(_RESAMPLING_MARGIN * max(1.0, factor))
    edges = (box.left * factor, box.top * factor, box.right * factor, box.bottom * factor)
    around = Box.around(edges).grown(margin)
    # One direction at a time: given both, Pillow chooses the order by the window's shape, and what it
    # rounds and clips in between would differ from window to window.
    narrowed = Image.new("RGB", (box.width, around.height))
    for top in range(0, around.height, _STRIP):
        height = min(_STRIP, around.height - top)
        strip = slide.read(Box(around.left, around.top + top, around.width, height))
        across = (edges[0] - around.left, 0, edges[2] - around.left, height)
        image = Image.fromarray(strip)
        narrowed.paste(
            image.resize((box.width, height), Image.Resampling.BICUBIC, box=across), (0, top)
        )
    down = (0, edges[1] - around.top, box.width, edges[3] - around.top)
    return np.array(narrowed.resize((box.width, box.height), Image.Resampling.BICUBIC, box=down))
