"""The Ki-67 index all over a slide as a pyramidal TIFF, for programs that lay it over the slide."""

import json
from pathlib import Path

import numpy as np
import tifffile

from patherea_core.files import replacing
from patherea_core.geometry import Floats
from patherea_core.index.surface import Surface

_TILE = 256
#: Micrometres in a centimetre, the unit of resolution.
_CENTIMETRE = 10_000.0


def write_surface(path: Path, surface: Surface, mpp: float) -> None:
    """Write the index as floats of 32 bits, NaN where it is undefined, each level half as large as the last.

    A pixel is a site; the description says in JSON where the first one lies in base pixels.

    Args:
        path: of the file.
        surface: the index.
        mpp: micrometres per base pixel of the slide.

    Raises:
        OutputError: it cannot be written.
    """
    levels = [surface.share]
    while max(levels[-1].shape) > _TILE:
        levels.append(_halved(levels[-1]))
    about = {
        "index": "Ki-67, share of 1",
        "left_base_pixels": surface.left,
        "top_base_pixels": surface.top,
        "step_base_pixels": surface.step,
        "window_micrometres": surface.window_micrometres,
        "use": "research use only",
    }
    with replacing(path) as temporary, tifffile.TiffWriter(temporary) as file:
        for number, level in enumerate(levels):
            per_centimetre = _CENTIMETRE / (surface.step * mpp * 2**number)
            file.write(
                level.astype(np.float32),
                tile=(_TILE, _TILE),
                compression="adobe_deflate",
                photometric="minisblack",
                resolution=(per_centimetre, per_centimetre),
                resolutionunit="CENTIMETER",
                subifds=len(levels) - 1 if number == 0 else None,
                subfiletype=0 if number == 0 else 1,
                description=json.dumps(about) if number == 0 else None,
                metadata=None,
            )


def _halved(level: Floats) -> Floats:
    """Return the means of two by two pixels, of those that are defined."""
    height, width = (-(-side // 2) for side in level.shape)
    padded = np.full((2 * height, 2 * width), np.nan)
    padded[: level.shape[0], : level.shape[1]] = level
    parts = padded.reshape(height, 2, width, 2)
    known = np.isfinite(parts).sum(axis=(1, 3))
    total = np.nansum(parts, axis=(1, 3))
    halved: Floats = np.where(known > 0, total / np.maximum(known, 1), np.nan)
    return halved
