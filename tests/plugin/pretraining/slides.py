"""Images and slides as files, some with tissue, for tests of where tiles come from."""

from pathlib import Path

import numpy as np

from patherea_core.geometry import Pixels
from tests.plugin.slide_files import write_image, write_tiff

#: Bytes of glass.
GLASS = 240


def tissue(width: int, height: int, *, seed: int = 0) -> Pixels:
    """Return (height, width, 3) pixels as of a stained section: grain, and patches of 8 pixels."""
    random = np.random.default_rng(seed)
    grain = random.integers(-20, 20, size=(height, width, 3))
    patches = random.integers(-20, 20, size=(height // 8 + 1, width // 8 + 1, 1))
    coarse = patches.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]
    return (np.array([200, 90, 170]) + grain + coarse).astype(np.uint8)


def glass(width: int, height: int) -> Pixels:
    """Return (height, width, 3) pixels of empty glass."""
    return np.full((height, width, 3), GLASS, dtype=np.uint8)


def write_field(path: Path, width: int = 80, height: int = 60, *, seed: int = 0) -> Path:
    """Write an image that is all tissue, which does not say how large its pixels are."""
    write_image(path, tissue(width, height, seed=seed))
    return path


def write_slide(path: Path, side: int = 2304, *, mpp: float = 0.5, seed: int = 0) -> Path:
    """Write a slide of glass with a piece of tissue in its left half, 600 pixels a side."""
    pixels = glass(side, side)
    pixels[400:1000, 300:900] = tissue(600, 600, seed=seed)
    write_tiff(path, pixels, mpp=mpp, photometric="rgb", compression="zlib")
    return path


def is_glass(tile: Pixels) -> float:
    """Return the share of a tile that is empty glass."""
    return float((tile == GLASS).all(axis=-1).mean())
