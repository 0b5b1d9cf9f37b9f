"""Stains as directions in optical density, and images with more or less of each stain.

Light that passes a stain is damped by a factor for each channel, so optical densities (negative natural
logarithms of what is left of the light) add up where stains overlap: the density of a pixel is a sum of
stain vectors, each times the amount of that stain. Colour deconvolution (Ruifrok & Johnston 2001) solves
for the amounts. Here they are changed and mixed again, all of it one 3 × 3 matrix for each image.
"""

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from patherea_core.geometry import Floats, Pixels

Floats32 = npt.NDArray[np.float32]
StainPair = Literal["H&E", "H-DAB"]

#: Optical densities of red, green and blue that one stain adds, as measured by Ruifrok & Johnston.
_HAEMATOXYLIN = (0.65, 0.70, 0.29)
_EOSIN = (0.07, 0.99, 0.11)
_DAB = (0.27, 0.57, 0.78)

_PAIRS: dict[StainPair, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "H&E": (_HAEMATOXYLIN, _EOSIN),
    "H-DAB": (_HAEMATOXYLIN, _DAB),
}

#: Optical density of each pixel value; that of 0 is finite, as if a 256th of the light came through.
_DENSITY = -np.log((np.arange(256, dtype=np.float32) + 1) / 256)

#: Largest shift of a stain's amount, for each unit of the strength of the jitter: at strength 0.2 white
#: may lose two hundredths of its light, as the ground of a thick or badly washed section does.
_SHIFT = 0.1


@cache
def stain_vectors(pair: StainPair) -> Floats:
    """Return (3, 3) unit vectors in optical density: two stains, and what neither of them explains."""
    first, second = (np.array(vector) / np.linalg.norm(vector) for vector in _PAIRS[pair])
    rest = np.cross(first, second)
    return np.stack([first, second, rest / np.linalg.norm(rest)])


def restained(
    pixels: Pixels, pair: StainPair, factors: npt.ArrayLike, shifts: npt.ArrayLike
) -> Pixels:
    """Return the pixels with other amounts of the two stains; what neither explains stays.

    Args:
        pixels: (H, W, 3) RGB.
        pair: which stains.
        factors: (2,) by which the amounts are multiplied.
        shifts: (2,) what is added to them afterwards, in optical density.
    """
    vectors = stain_vectors(pair)
    change = np.linalg.inv(vectors) @ np.diag([*np.asarray(factors), 1.0]) @ vectors
    shift = np.asarray(shifts) @ vectors[:2]
    # Plane by plane and without a matrix product: that is fast, and the same on any number of threads.
    density = _DENSITY.take(pixels.transpose(2, 0, 1))
    return _as_pixels(np.stack([_mixed(density, *of) for of in zip(change.T, shift, strict=True)]))


def _mixed(density: Floats32, weights: Floats, shift: float) -> Floats32:
    """Return the (H, W) weighted sum of (3, H, W) densities, shifted."""
    mixed: Floats32 = density[0] * np.float32(weights[0])
    mixed += density[1] * np.float32(weights[1])
    mixed += density[2] * np.float32(weights[2])
    mixed += np.float32(shift)
    return mixed


def _as_pixels(density: Floats32) -> Pixels:
    """Return (H, W, 3) pixels of (3, H, W) optical densities, which are used up."""
    np.negative(density, out=density)
    np.exp(density, out=density)
    density *= 256
    # Half a grey level up, so that cutting off the fraction rounds to the nearest.
    density -= 0.5
    np.clip(density, 0, 255, out=density)
    return density.astype(np.uint8).transpose(1, 2, 0)


def stain_jittered(
    pixels: Pixels, pair: StainPair, strength: float, random: np.random.Generator
) -> Pixels:
    """Return the pixels with the amount of each stain changed at random.

    Each is multiplied by a factor from 1 − ``strength`` (but not less than 0) to 1 + ``strength``, then
    shifted by up to a tenth of ``strength`` in optical density, up or down; all uniformly distributed.
    """
    factors = random.uniform(max(0.0, 1 - strength), 1 + strength, size=2)
    shifts = random.uniform(-_SHIFT * strength, _SHIFT * strength, size=2)
    return restained(pixels, pair, factors, shifts)
