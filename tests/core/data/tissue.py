"""Made-up tissue: soft dark discs of a stain on pale pink."""

import numpy as np

from patherea_core.geometry import Floats, Pixels

#: Optical density of one unit of the stain in red, green and blue.
HAEMATOXYLIN = (0.65, 0.70, 0.29)
EOSIN = (0.07, 0.99, 0.11)


def grid(width: int, height: int, step: int) -> Floats:
    """Return (N, 2) pixel positions on a grid, at least half a step away from the edges."""
    columns = np.arange(step / 2, width - step / 2 + 0.1, step)
    rows = np.arange(step / 2, height - step / 2 + 0.1, step)
    return np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)


def tissue(
    xy: Floats,
    size: tuple[int, int],
    *,
    diameter: float = 14.0,
    stain: tuple[float, float, float] = HAEMATOXYLIN,
) -> Pixels:
    """Return (height, width, 3) pixels with a nucleus, so many pixels wide, at each of (N, 2) positions."""
    width, height = size
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    amount = np.zeros((height, width))
    for x, y in xy:
        distance = np.hypot(columns - x, rows - y)
        amount = np.maximum(amount, 0.6 / (1 + np.exp(2 * (distance - diameter / 2))))
    density = amount[..., np.newaxis] * stain + 0.1 * np.array(EOSIN)
    return np.rint(255 * 10.0**-density).astype(np.uint8)
