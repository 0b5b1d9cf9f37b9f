"""Where there is tissue on a slide, found in its overview; rather too much of it than too little.

Light that passes tissue loses something, and not the same of every colour. So a pixel is tissue if it is
much darker than the empty glass, or darker by a colour. Everything is measured in optical density against
the glass of that slide and in micrometres, which holds for H&E and immunohistochemistry at any pixel size.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from patherea_core.geometry import Bools, Pixels
from patherea_core.regions import Outline
from patherea_core.slides import SlideReader
from plugin.slides.mask_outline import mask_outline
from plugin.slides.overview import Overview, overview

Floats32 = npt.NDArray[np.float32]

#: Pixel size at which tissue is looked for, in micrometres: a cell is one pixel.
TISSUE_MPP = 8.0

#: The share of pixels that is as bright as the empty glass, if there is any glass.
_GLASS_SHARE = 0.02
#: Glass is not darker than this in any channel, and not more tinted.
_DARKEST_GLASS, _MOST_TINT = 215.0, 30.0

#: Share of a whole image that is tissue however small the image is.
_LEAST_SHARE = 0.05

#: Optical density (natural logarithm) of anything on the glass, and of a colour in it.
_DENSE, _COLOURED = 0.09, 0.05
#: Share of a piece that must have a colour, if anything on the slide has.
_LEAST_COLOURED = 0.02
#: Pixels to all sides of the middle of something broad.
_BROAD = 3
#: Pixel values of what lies beyond the scanned area.
_BLACK = 40
#: Ink: green is less damped than red and blue by this much, or red more than green, and green than blue.
_GREEN_INK, _BLUE_INK = 0.10, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueSettings:
    """How tissue is told from glass.

    Attributes:
        margin_um: tissue is taken to reach this much further than it is seen to.
        least_um2: area of what is seen in one place, less than which is no tissue.
        hole_um2: holes that are smaller are tissue too.
    """

    margin_um: float = 50.0
    least_um2: float = 1_500.0
    hole_um2: float = 40_000.0


def tissue_outline(slide: SlideReader, settings: TissueSettings | None = None) -> Outline | None:
    """Return where there is tissue, in base pixels; None if there is none.

    Raises:
        SlideError: the slide cannot be read.
    """
    return outline_of(overview(slide, TISSUE_MPP), settings or TissueSettings())


def outline_of(view: Overview, settings: TissueSettings) -> Outline | None:
    """Return where there is tissue on an overview, in base pixels; None if there is none."""
    found = mask_outline(tissue_mask(view.pixels, view.mpp, settings))
    return None if found is None else view.to_base(found)


def tissue_mask(pixels: Pixels, mpp: float, settings: TissueSettings) -> Bools:
    """Return the (H, W) pixels of tissue.

    Args:
        pixels: (H, W, 3) RGB.
        mpp: their size in micrometres.
        settings: how tissue is told from glass.
    """
    seen = _seen(pixels)
    if not seen.any():
        return seen
    around = _grown(seen, max(1, round(settings.margin_um / mpp)))
    places, count = ndimage.label(around)
    # What lies in one place counts together, so that loose cells are not lost one by one.
    area = np.bincount(places[seen], minlength=count + 1)
    kept = area >= min(settings.least_um2 / mpp**2, _LEAST_SHARE * seen.size)
    kept[0] = False
    if not kept.any():
        return np.zeros_like(seen)
    return _filled(kept[places], settings.hole_um2 / mpp**2)


def glass_of(pixels: Pixels) -> Floats32:
    """Return the (3,) colour of the empty glass, or of what glass would be if there is none."""
    red, green, blue = (pixels[:, :, channel] for channel in range(3))
    brightness = np.minimum(np.minimum(red, green), blue)
    at_most = np.cumsum(np.bincount(brightness.ravel(), minlength=256))
    bound = np.searchsorted(at_most, (1 - _GLASS_SHARE) * at_most[-1])
    colour: Floats32 = np.median(pixels[brightness >= bound], axis=0).astype(np.float32)
    if np.ptp(colour) > _MOST_TINT:
        colour[:] = colour.max()
    return np.maximum(colour, np.float32(_DARKEST_GLASS))


def _seen(pixels: Pixels) -> Bools:
    """Return the (H, W) pixels on which something is seen that may be tissue."""
    density = optical_density(pixels, glass_of(pixels))
    colour = density.max(axis=0) - density.min(axis=0)
    seen: Bools = (density.mean(axis=0) > _DENSE) | (colour > _COLOURED)
    seen &= ~_ink(density)
    seen &= ~_outside(pixels)
    return seen if _is_grey(pixels) else _near_colour(seen, colour)


def optical_density(pixels: Pixels, glass: Floats32) -> Floats32:
    """Return (3, H, W) optical densities of (H, W, 3) pixels against the glass, in natural logarithms."""
    values = np.arange(256, dtype=np.float32) + 1
    tables = np.maximum(0, -np.log(values[:, None] / (glass + 1)))
    density = np.empty((3, *pixels.shape[:2]), dtype=np.float32)
    for channel in range(3):
        np.take(tables[:, channel], pixels[:, :, channel], out=density[channel], mode="clip")
    return density


def _ink(density: Floats32) -> Bools:
    """Return the pixels of a colour that no stain or mixture of stains has."""
    red, green, blue = density
    greenish: Bools = (red - green > _GREEN_INK) & (blue - green > _GREEN_INK)
    bluish: Bools = (red - green > _BLUE_INK) & (green - blue > _BLUE_INK)
    return greenish | bluish


def _outside(pixels: Pixels) -> Bools:
    """Return the black pixels that hang together with the border of the slide."""
    black = (pixels[:, :, 0] < _BLACK) & (pixels[:, :, 1] < _BLACK) & (pixels[:, :, 2] < _BLACK)
    if not black.any():
        return black
    places, count = ndimage.label(black)
    border = np.zeros(count + 1, dtype=bool)
    for edge in (places[0], places[-1], places[:, 0], places[:, -1]):
        border[edge] = True
    border[0] = False
    # Nothing is seen right beside it either, where the two were mixed.
    beside: Bools = border[places]
    return _grown(beside, 2)


def _near_colour(seen: Bools, colour: Floats32) -> Bools:
    """Return what is seen, without what is thin and colourless: dust, and the edge of a coverslip."""
    places, count = ndimage.label(seen, np.ones((3, 3)))
    coloured = np.bincount(places[seen & (colour > _COLOURED)], minlength=count + 1)
    everything = np.bincount(places.ravel(), minlength=count + 1)
    kept: Bools = coloured > _LEAST_COLOURED * everything
    # What is broad may be tissue that took hardly any stain.
    kept[places[~_grown(~seen, _BROAD)]] = True
    kept[0] = False
    pieces: Bools = kept[places]
    return pieces


def _is_grey(pixels: Pixels) -> bool:
    """Return whether the three channels are the same one."""
    first = pixels[:, :, :1]
    return bool((first == pixels[:, :, 1:]).all())


def _grown(mask: Bools, by: int) -> Bools:
    """Return the mask with every pixel that is within ``by`` pixels of it in both directions."""
    grown = np.pad(mask, by)
    for _ in range(2):
        grown = _spread(grown, 2 * by + 1).T
    return grown


def _spread(mask: Bools, rows: int) -> Bools:
    """Return for each so many successive rows of a mask whether any of them is in it."""
    reach = 1
    while reach < rows:
        step = min(reach, rows - reach)
        mask = mask[:-step] | mask[step:]
        reach += step
    return mask


def _filled(mask: Bools, most: float) -> Bools:
    """Return the mask without its holes of less than ``most`` pixels."""
    places, count = ndimage.label(~mask)
    small = np.bincount(places.ravel(), minlength=count + 1) < most
    small[0] = False
    filled: Bools = mask | small[places]
    return filled
