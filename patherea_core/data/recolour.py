"""Random changes of how a tile looks; nothing moves.

They come in the order in which an image comes about: the stains of the section, the optics of the
scanner, and its camera.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from patherea_core.data.stain import StainPair, stain_jittered
from patherea_core.geometry import Pixels

Floats32 = npt.NDArray[np.float32]


class Looks(Protocol):
    """How much the looks of a tile may change; settings of a training say so."""

    @property
    def colour_jitter(self) -> float:
        """Largest relative change of brightness, contrast and saturation."""

    @property
    def stain(self) -> StainPair:
        """The two stains that ``stain_jitter`` separates."""

    @property
    def stain_jitter(self) -> float:
        """Largest relative change of the amount of each stain."""

    @property
    def blur(self) -> float:
        """Largest standard deviation in pixels of a blur."""


def recoloured(pixels: Pixels, settings: Looks, random: np.random.Generator) -> Pixels:
    """Return (H, W, 3) pixels with other stains, sharpness and colours, as far as the settings allow."""
    if settings.stain_jitter > 0:
        pixels = stain_jittered(pixels, settings.stain, settings.stain_jitter, random)
    if settings.blur > 0:
        pixels = blurred(pixels, float(random.uniform(0, settings.blur)))
    if settings.colour_jitter > 0:
        pixels = colour_jittered(pixels, settings.colour_jitter, random)
    return pixels


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    """Return the pixels seen through a Gaussian of a standard deviation in pixels; 0 changes nothing."""
    if sigma == 0:
        return pixels
    soft = ndimage.gaussian_filter(pixels, (sigma, sigma, 0), output=np.float32, truncate=3.0)
    return _as_pixels(soft)


def colour_jittered(pixels: Pixels, strength: float, random: np.random.Generator) -> Pixels:
    """Return the pixels with brightness, contrast and saturation changed at random.

    Each is multiplied by a factor from 1 − ``strength`` to 1 + ``strength``: brightness against black,
    then saturation against each pixel's own grey, then contrast against the mean grey.
    """
    brightness, contrast, saturation = random.uniform(1 - strength, 1 + strength, size=3).tolist()
    # Plane by plane and without a matrix product: that is fast, and the same on any number of threads.
    planes = pixels.transpose(2, 0, 1).astype(np.float32)
    planes *= np.float32(brightness)
    grey = 0.299 * planes[0] + 0.587 * planes[1] + 0.114 * planes[2]
    mean = float(grey.mean())
    # grey + (plane − grey) · saturation, and of that mean + (… − mean) · contrast
    planes *= np.float32(saturation * contrast)
    planes += np.float32((1 - saturation) * contrast) * grey + np.float32((1 - contrast) * mean)
    return _as_pixels(planes).transpose(1, 2, 0)


def _as_pixels(values: Floats32) -> Pixels:
    """Return the nearest pixel values of an array, which is used up."""
    np.rint(values, out=values)
    np.clip(values, 0, 255, out=values)
    return values.astype(np.uint8)
