"""Where on a slide tiles of tissue can be taken, found in its overview."""

import numpy as np
from scipy import ndimage

from patherea_core.geometry import Bools
from patherea_core.slides import SlideReader
from plugin.pretraining.ground import Sites
from plugin.slides.overview import Overview, overview
from plugin.slides.tissue import TISSUE_MPP, TissueSettings, tissue_mask

#: Share of a tile that is tissue, if the slide has tiles of which so much is.
_MOSTLY = 0.5

#: The tissue alone: without the margin and the larger holes that a detection adds so as to miss no cell.
_BARE = TissueSettings(margin_um=0.0, hole_um2=1_000.0)

#: Pixels across, at least, in which an image is looked at for being blank.
_LEAST_ACROSS = 16

#: Levels of 256 that some channel of an overview spans at least where there is something on it. Of 500
#: published fields of tissue none spans fewer than 24.
_LEAST_SPAN = 10


def tissue_sites(slide: SlideReader, mpp: float, side: int) -> Sites | None:
    """Return where tiles of a slide are mostly tissue; None if there is no tissue.

    Of a slide that has less tissue than half a tile in one place, the tiles with the most are taken.

    Args:
        slide: where from.
        mpp: micrometres per working pixel.
        side: of a tile, in working pixels.

    Raises:
        SlideError: the slide cannot be read.
    """
    view = overview(slide, TISSUE_MPP)
    mask = tissue_mask(view.pixels, view.mpp, _BARE)
    return sites_on(mask, view, mpp, side) if mask.any() else None


def is_blank(slide: SlideReader) -> bool:
    """Return whether an image is of one colour but for its grain, as glass or an empty frame is.

    It is looked at in pixels so large that the grain is gone. One with uneven light, a border or a speck is
    not blank. A search for tissue is not made, since it takes pale fields, and those that tissue fills, for
    glass.

    Raises:
        SlideError: it cannot be read.
    """
    across = min(slide.width, slide.height) * slide.base_mpp
    view = overview(slide, min(TISSUE_MPP, across / _LEAST_ACROSS))
    return bool(np.ptp(view.pixels, axis=(0, 1)).max() < _LEAST_SPAN)


def sites_on(mask: Bools, view: Overview, mpp: float, side: int) -> Sites:
    """Return the sites of an (H, W) mask of tissue that is not empty; see ``tissue_sites``.

    Args:
        mask: which pixels of the overview are tissue.
        view: the overview.
        mpp: micrometres per working pixel.
        side: of a tile, in working pixels.
    """
    window = round(side * mpp / view.mpp) | 1  # odd, so that it has a middle pixel
    # Squares of half a tile, so that no tissue lies between the middles of all tiles.
    step = max(1, window // 2)
    share = ndimage.uniform_filter(mask.astype(np.float32), size=window, mode="nearest")
    middles = share[_middles(mask.shape[0], step)][:, _middles(mask.shape[1], step)]
    # A mean of single precision may end a hair above or below what it is.
    least = min(_MOSTLY, float(middles.max())) - 1e-4
    return Sites.of(middles >= least, step * view.mpp / mpp)


def _middles(length: int, step: int) -> slice:
    """Return which rows or columns lie in the middles of squares, from the first square on."""
    first = min(step // 2, length - 1)
    return slice(first, None, step)
