"""Random changes of how a tile looks; nothing moves.

They come in the order in which an image comes about: the stains of the section, the optics of the
scanner, and its camera.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from patherea_core.config import TrainingConfig
from patherea_core.data.stain import stain_jittered
from patherea_core.geometry import Pixels

Floats32 = npt.NDArray[np.float32]


def recoloured(pixels: Pixels, settings: TrainingConfig, random: np.random.Generator) -> Pixels:
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
    contrast against the mean grey, saturation against each pixel's own grey.
    """
    brightness, contrast, saturation = random.uniform(1 - strength, 1 + strength, size=3)
    values = pixels.astype(np.float32) * np.float32(brightness)
    grey = _grey(values)
    values = grey + (values - grey) * np.float32(saturation)
    mean = grey.mean()
    return _as_pixels(mean + (values - mean) * np.float32(contrast))


def _grey(values: Floats32) -> Floats32:
    # No matrix product: its last digit may depend on the number of threads, and so on the workers.
    red, green, blue = (values[..., channel] for channel in range(3))
    grey: Floats32 = red * np.float32(0.299) + green * np.float32(0.587) + blue * np.float32(0.114)
    return np.expand_dims(grey, -1)


def _as_pixels(values: Floats32) -> Pixels:
    rounded: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
