"""An outline as a mask of pixels."""

from itertools import pairwise

import numpy as np
import shapely

from patherea_core.geometry import Bools, Floats
from patherea_core.regions import Outline


def rasterise(outline: Outline, width: int, height: int) -> Bools:
    """Return an (height, width) mask of the pixels whose middle lies in the outline, in its own frame.

    A pixel row's middle line enters the outline at the first edge it crosses and leaves it at the
    next, so a pixel is inside if an odd number of crossings lies to its left; holes need no care.
    """
    toggles = np.zeros((height, width + 1), dtype=np.uint8)
    for ring in shapely.get_rings(shapely.get_parts(outline)):
        corners = shapely.get_coordinates(ring)
        for start, stop in pairwise(corners):
            _toggle_crossings(toggles, start, stop)
    return np.bitwise_xor.accumulate(toggles[:, :width], axis=1).astype(np.bool_)


def _toggle_crossings(
    toggles: np.ndarray[tuple[int, int], np.dtype[np.uint8]], start: Floats, stop: Floats
) -> None:
    upper, lower = (start, stop) if start[1] <= stop[1] else (stop, start)
    height, columns = toggles.shape
    # Rows whose middle line y satisfies upper ≤ y < lower: each corner belongs to one of its edges.
    first = max(0, int(np.ceil(upper[1] - 0.5)))
    last = min(height, int(np.ceil(lower[1] - 0.5)))
    if last <= first:
        return
    rows = np.arange(first, last)
    x = upper[0] + (rows + 0.5 - upper[1]) * ((lower[0] - upper[0]) / (lower[1] - upper[1]))
    toggles[rows, np.clip(np.ceil(x - 0.5), 0, columns - 1).astype(np.int64)] ^= 1
