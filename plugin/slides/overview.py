"""A whole slide at a glance: few, large pixels, for what does not need single cells."""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import shapely
from PIL import Image

from patherea_core.geometry import Box, Floats, Pixels, as_xy
from patherea_core.regions import Outline
from patherea_core.slides import SlideReader

#: Most pixels of an overview; a slide that would have more is looked at with larger ones.
_MOST_PIXELS = 16_000_000

#: Pixels of the strips in which a slide is read.
_STRIP_PIXELS = 16_000_000


@runtime_checkable
class ShrinkingReader(Protocol):
    """A slide whose file holds it in smaller sizes too."""

    def own_shrink(self, most: float) -> int:
        """Return by how much the smallest of them is smaller, at ``most`` so much; 1 if there is none."""

    def read_shrunk(self, box: Box, shrink: int) -> Pixels:
        """Return a box in base pixels as RGB pixels, about so many times fewer in both directions."""


@dataclass(frozen=True, slots=True, eq=False)
class Overview:
    """A whole slide in few pixels.

    Attributes:
        pixels: (H, W, 3) RGB.
        across: base pixels along the width of one of them.
        down: base pixels along the height of one of them; not quite the same, since slides end anywhere.
        base_mpp: micrometres per base pixel.
    """

    pixels: Pixels
    across: float
    down: float
    base_mpp: float

    @property
    def mpp(self) -> float:
        """Micrometres per pixel, the mean of both directions."""
        return self.base_mpp * math.sqrt(self.across * self.down)

    def to_base(self, outline: Outline) -> Outline:
        """Move an outline from overview pixels to base pixels."""
        return shapely.transform(outline, lambda xy: xy * np.array([self.across, self.down]))

    def from_base(self, xy: Floats) -> Floats:
        """Move (N, 2) positions from base pixels to overview pixels."""
        return as_xy(xy / np.array([self.across, self.down]))


def overview(slide: SlideReader, mpp: float) -> Overview:
    """Return the slide in pixels of about ``mpp`` micrometres; never in more pixels than it has.

    Raises:
        SlideError: the slide cannot be read.
    """
    factor = max(1.0, mpp / slide.base_mpp)
    factor = max(factor, math.sqrt(slide.width * slide.height / _MOST_PIXELS))
    width = max(1, round(slide.width / factor))
    height = max(1, round(slide.height / factor))
    return Overview(
        _by_strips(slide, width, height), slide.width / width, slide.height / height, slide.base_mpp
    )


def _by_strips(slide: SlideReader, width: int, height: int) -> Pixels:
    """Return the slide reduced, from pixels of which never many are in memory at once."""
    shrink = slide.own_shrink(slide.width / width) if isinstance(slide, ShrinkingReader) else 1
    rows = max(1, round(_STRIP_PIXELS * shrink**2 / slide.width * height / slide.height))
    strips = []
    for first in range(0, height, rows):
        last = min(first + rows, height)
        top, bottom = (round(row * slide.height / height) for row in (first, last))
        strip = Box(0, top, slide.width, bottom - top)
        strips.append(_resized(_shrunk(slide, strip, shrink), width, last - first))
    return np.concatenate(strips)


def _shrunk(slide: SlideReader, strip: Box, shrink: int) -> Pixels:
    if isinstance(slide, ShrinkingReader):
        return slide.read_shrunk(strip, shrink)
    return slide.read(strip)


def _resized(pixels: Pixels, width: int, height: int) -> Pixels:
    image = Image.fromarray(pixels)
    if image.size == (width, height):
        return pixels
    # The mean over each pixel, with a shortcut for what is more than twice as fine as it needs to be.
    return np.array(image.resize((width, height), Image.Resampling.BOX, reducing_gap=2.0))
