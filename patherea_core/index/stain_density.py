"""How much DAB lies at each cell: the colour around it, taken apart into its stains.

Optical densities add up where stains overlap, and taking them apart (Ruifrok & Johnston 2001) is one matrix.
So the density of a cell is that of its mean colour, and white can be taken off after everything is read: one
pass over the slide is enough. Densities are decimal, as pathologists read them: 0.3 halves the light.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from patherea_core.data.stain import stain_vectors
from patherea_core.errors import ScaleError, ShapeError
from patherea_core.geometry import Box, Floats, Ints, Pixels, as_xy
from patherea_core.progress import Progress
from patherea_core.slides import SlideReader

#: Micrometres around a cell's position that are read: inside the nucleus, also where the position is off.
RADIUS = 2.0

#: Base pixels along the side of the squares that a slide is read by.
_TILE = 1024
#: Pixels of one disc; of more, a grid of as many is taken, for the mean of a thousand is no better.
_MOST_IN_DISC = 300
#: Cells whose pixels are gathered at once.
_AT_ONCE = 4096
#: Each how many pixels, across and down, one is looked at for white.
_STEP = 3
#: Share of pixels darker than white: glass or lumen is 1 % of nearly every field, and dust is not brighter.
_WHITE = 0.99

#: Optical density of each pixel value; that of 0 is finite, as if a 256th of the light came through.
_DENSITY = -np.log10((np.arange(256) + 1) / 256)


@dataclass(frozen=True, slots=True, eq=False)
class StainReading:
    """The colours of cells.

    Attributes:
        density: (N, 3) mean optical densities of red, green and blue around each cell, white not yet off.
        white: (3,) those of the ground without stain.
    """

    density: Floats
    white: Floats

    def __post_init__(self) -> None:
        if self.density.ndim != 2 or self.density.shape[1] != 3 or self.white.shape != (3,):
            raise ShapeError(
                f"densities must be (N, 3) and white (3,), not {self.density.shape} and {self.white.shape}"
            )

    @property
    def dab(self) -> Floats:
        """(N,) optical density of DAB; a little below 0 where a colour is not made of the two stains."""
        stains: Floats = (self.density - self.white) @ np.linalg.inv(stain_vectors("H-DAB"))
        return stains[:, 1]


def read_stain(
    slide: SlideReader, xy: Floats, progress: Progress, radius_um: float = RADIUS
) -> StainReading:
    """Return the colours around cells of a slide, read square by square where there are cells.

    White is the colour that 99 % of the pixels are darker than, channel by channel; pixels that are wholly
    saturated are left out, since scanners fill with them what they did not scan.

    Args:
        slide: in the frame of the cells.
        xy: (N, 2) base pixels; a cell beyond the edge is read at the edge.
        progress: told of every square.
        radius_um: of the disc around each cell, in micrometres.

    Raises:
        ScaleError: the radius is no positive number.
        SlideError: the slide cannot be read there.
    """
    if not (math.isfinite(radius_um) and radius_um > 0):
        raise ScaleError(
            f"stain is read in a disc of a positive number of micrometres, not {radius_um}"
        )
    cells = as_xy(xy)
    disc = disc_offsets(radius_um / slide.base_mpp)
    inside = np.clip(np.floor(cells), 0, (slide.width - 1, slide.height - 1)).astype(np.int64)
    density = np.empty((len(cells), 3))
    seen = np.zeros((3, 256), dtype=np.int64)
    done = 0
    for rows in _squares(inside):
        box = _box(inside[rows], int(np.abs(disc).max()), slide)
        pixels = slide.read(box)
        density[rows] = mean_density(pixels, inside[rows] - (box.left, box.top), disc)
        seen += _histogram(pixels)
        done += len(rows)
        progress.advance(done / len(cells), f"stain of {done} of {len(cells)} cells")
    return StainReading(density, _white(seen))


def disc_offsets(radius: float) -> Ints:
    """Return (K, 2) steps from a pixel to those in a disc around it, itself among them; K is bounded.

    Args:
        radius: in pixels.
    """
    step = max(1, math.ceil(radius * math.sqrt(math.pi / _MOST_IN_DISC)))
    reach = int(radius // step) * step
    line = np.arange(-reach, reach + 1, step)
    x, y = np.meshgrid(line, line)
    within = x * x + y * y <= radius * radius
    return np.stack([x[within], y[within]], axis=1)


def mean_density(pixels: Pixels, places: Ints, offsets: Ints) -> Floats:
    """Return (N, 3) mean optical densities around places of an image.

    Args:
        pixels: (H, W, 3) RGB.
        places: (N, 2) columns and rows; what an offset carries over the edge is read at the edge.
        offsets: (K, 2) steps to the pixels of one place.
    """
    height, width = pixels.shape[:2]
    found = np.empty((len(places), 3))
    for start in range(0, len(places), _AT_ONCE):
        part = places[start : start + _AT_ONCE, np.newaxis] + offsets
        x, y = np.clip(part[..., 0], 0, width - 1), np.clip(part[..., 1], 0, height - 1)
        found[start : start + _AT_ONCE] = _DENSITY[pixels[y, x]].mean(axis=1)
    return found


def _squares(places: Ints) -> Iterator[Ints]:
    """Yield the rows of the places of each square that has some, square by square as a page is read."""
    if not len(places):
        return
    square = places // _TILE
    order = np.lexsort((square[:, 0], square[:, 1]))
    moved = (np.diff(square[order], axis=0) != 0).any(axis=1)
    yield from np.split(order, np.flatnonzero(moved) + 1)


def _box(places: Ints, reach: int, slide: SlideReader) -> Box:
    left, top = np.maximum(places.min(axis=0) - reach, 0).tolist()
    right = min(int(places[:, 0].max()) + reach + 1, slide.width)
    bottom = min(int(places[:, 1].max()) + reach + 1, slide.height)
    return Box(left, top, right - left, bottom - top)


def _histogram(pixels: Pixels) -> Ints:
    some = pixels[::_STEP, ::_STEP].reshape(-1, 3)
    some = some[(some < 255).any(axis=1)]
    return np.stack([np.bincount(channel, minlength=256) for channel in some.T])


def _white(seen: Ints) -> Floats:
    """Return the optical densities of white from (3, 256) numbers of pixels; 0 if there was none."""
    totals = seen.sum(axis=1, keepdims=True)
    if not totals.all():
        return np.zeros(3)
    values = (np.cumsum(seen, axis=1) >= _WHITE * totals).argmax(axis=1)
    white: Floats = _DENSITY[values]
    return white
