"""Outlines of masks: along the edges of pixels, with holes."""

from typing import cast

import numpy as np
import shapely
from shapely.geometry import MultiPolygon

from patherea_core.geometry import Bools, Floats, Ints
from patherea_core.regions import Outline

#: Pixels by which an outline may leave the edges of pixels, to have fewer corners.
_SMOOTHING = 0.75


def mask_outline(mask: Bools) -> Outline | None:
    """Return the outline of an (H, W) mask in its pixels, within a pixel; None if the mask is empty."""
    if not mask.any():
        return None
    # Lines of one pixel end wherever another begins, as faces need it; holes are faces too.
    faces = shapely.get_parts(shapely.polygonize(_edges(mask)))
    inner = shapely.get_coordinates(shapely.point_on_surface(faces)).astype(np.int64)
    parts = faces[mask[inner[:, 1], inner[:, 0]]]
    whole = MultiPolygon(list(parts))
    smooth = shapely.simplify(whole, _SMOOTHING)
    if not smooth.is_valid:
        smooth = whole
    polygons = shapely.get_parts(smooth)
    return cast(Outline, polygons[0] if len(polygons) == 1 else smooth)


def _edges(mask: Bools) -> list[shapely.LineString]:
    """Return the edges between pixels in and out of the mask as lines of one pixel's length."""
    padded = np.pad(mask, 1)
    rows, columns = np.argwhere(padded[1:, 1:-1] != padded[:-1, 1:-1]).T
    across = _lines(columns, rows, columns + 1, rows)
    rows, columns = np.argwhere(padded[1:-1, 1:] != padded[1:-1, :-1]).T
    down = _lines(columns, rows, columns, rows + 1)
    return list(shapely.linestrings(np.concatenate([across, down])))


def _lines(*places: Ints) -> Floats:
    """Return (N, 2, 2) lines from (N,) left, top, right and bottom ends."""
    return np.stack(places, axis=1).reshape(-1, 2, 2).astype(np.float64)
