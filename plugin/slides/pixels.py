"""Pixels as the core wants them: three channels, eight bits, whatever the file holds."""

from typing import Any

import numpy as np
import numpy.typing as npt

from patherea_core.errors import PixelFormatError
from patherea_core.geometry import Box, Pixels

#: RGB with transparency.
_MOST_CHANNELS = 4


def as_rgb(pixels: npt.NDArray[Any], name: str) -> Pixels:
    """Return (H, W, 3) RGB: grey becomes three equal channels, what is transparent becomes white.

    Args:
        pixels: (H, W) or (H, W, C) with grey, grey and alpha, RGB, or RGB and alpha.
        name: the slide, for the message.

    Raises:
        PixelFormatError: the pixels do not have eight bits, or their channels are no colour.
    """
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    channels = pixels.shape[2]
    require_colours(str(pixels.dtype), channels, name)
    colour, alpha = pixels, None
    if channels in {2, 4}:
        colour, alpha = pixels[:, :, :-1], pixels[:, :, -1:]
    if colour.shape[2] == 1:
        colour = np.repeat(colour, 3, axis=2)
    if alpha is None or (alpha == 255).all():
        return np.ascontiguousarray(colour)
    share = alpha.astype(np.float32) / 255
    blended: Pixels = np.rint(colour * share + 255 * (1 - share)).astype(np.uint8)
    return blended


def require_colours(dtype: str | None, channels: int | None, name: str) -> None:
    """Refuse pixels that are no colours of eight bits.

    Args:
        dtype: of the pixels, as numpy calls it; None if it is not known.
        channels: how many there are; None if it is not known.
        name: the slide, for the message.

    Raises:
        PixelFormatError: they are none.
    """
    if dtype not in {"uint8", None}:
        raise PixelFormatError(
            f"slide {name!r} has pixels of type {dtype}; convert it to 8 bits a channel"
        )
    if channels is not None and channels > _MOST_CHANNELS:
        raise PixelFormatError(
            f"slide {name!r} has {channels} channels, and only RGB and grey can be read; convert it to RGB"
            " of 8 bits a channel"
        )


def padded(part: Pixels, place: Box, window: Box) -> Pixels:
    """Return the pixels of a window, white but for the part that lies at ``place``."""
    whole = blank(window)
    left, top = place.left - window.left, place.top - window.top
    whole[top : top + place.height, left : left + place.width] = part
    return whole


def blank(window: Box) -> Pixels:
    """Return a window's worth of white."""
    return np.full((window.height, window.width, 3), 255, dtype=np.uint8)
