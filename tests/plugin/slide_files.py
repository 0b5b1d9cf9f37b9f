"""Slides and images as files, for tests that read some."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from patherea_core.geometry import Pixels
from tests.builders import noise


def write_tiff(
    path: Path,
    pixels: npt.NDArray[Any] | None = None,
    *,
    mpp: float | None = 0.25,
    **more: Any,  # noqa: ANN401  the writer's own
) -> Pixels:
    """Write a tiled TIFF and return its pixels."""
    pixels = noise(400, 300) if pixels is None else pixels
    if mpp is not None:
        more |= {"resolution": (1e4 / mpp, 1e4 / mpp), "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, pixels, tile=(128, 128), **more)
    return pixels


def write_image(
    path: Path,
    pixels: Pixels | None = None,
    mode: str = "RGB",
    **more: Any,  # noqa: ANN401  the writer's own
) -> Pixels:
    """Write a plain image and return its pixels."""
    pixels = noise(60, 40) if pixels is None else pixels
    Image.fromarray(pixels).convert(mode).save(path, **more)
    return np.asarray(pixels)


def break_tile(path: Path, number: int) -> None:
    """Overwrite one tile of a TIFF with what no decoder takes."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        start, size = page.dataoffsets[number], page.databytecounts[number]
    content = path.read_bytes()
    path.write_bytes(content[:start] + bytes(size) + content[start + size :])
