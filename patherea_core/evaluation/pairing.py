"""Which detections hit which points: as many pairs within the radius as there can be (paper, section 5).

The Hungarian algorithm on distances may steal a hit from a cell to shorten the total (paper, figure 3
right), and taking the closest pair first may block another one. So only "inside the radius" counts
here, and the number of pairs is the largest possible. Which detection of several inside a radius is
paired is not specified, unless the closest ones are asked for; how many are paired is the same.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.closest import closest_matching
from patherea_core.evaluation.largest import largest_matching
from patherea_core.geometry import Bools, Floats, Ints

#: The tree works with squared distances; it is asked a little wider, and the exact test decides.
_GUARD = 1e-6
#: Pairs within the radius that are weighed up at once, at some 120 bytes each.
_MOST_CANDIDATES = 1 << 25


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Detections and points that belong together; every row occurs at most once.

    Attributes:
        detection_rows: (P,) rows of the detections, ascending.
        point_rows: (P,) row of the point that each of them hit.
    """

    detection_rows: Ints
    point_rows: Ints

    def __len__(self) -> int:
        return len(self.detection_rows)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """All detections and points not further apart than the radius; a row may occur many times.

    Attributes:
        detection_rows: (C,) rows of the detections.
        point_rows: (C,) rows of the points.
        distances: (C,) how far the two are apart.
    """

    detection_rows: Ints
    point_rows: Ints
    distances: Floats


def pair(
    detection_xy: Floats, point_xy: Floats, radius: float | Floats, *, closest: bool = False
) -> Pairs:
    """Return a largest possible set of pairs not further apart than the radius, bounds included.

    Args:
        detection_xy: (D, 2) positions.
        point_xy: (N, 2) positions in the same frame.
        radius: accepted distance in that frame (r), or (N,) accepted distance of each point.
        closest: whether to return, of all largest sets, one with the least sum of distances.

    Raises:
        ShapeError: there are several radii, but not one for each point.
        InputError: a radius is no positive number, or too many cells lie within the radius.
    """
    near = candidates(detection_xy, point_xy, radius)
    hit = largest_matching(near.detection_rows, near.point_rows, len(detection_xy), len(point_xy))
    if closest:
        hit = closest_matching(near.detection_rows, near.point_rows, near.distances, hit)
    paired = np.flatnonzero(hit >= 0)
    return Pairs(paired, hit[paired])


def candidates(detection_xy: Floats, point_xy: Floats, radius: float | Floats) -> Candidates:
    """Return all detections and points not further apart than the radius, bounds included.

    Args:
        detection_xy: (D, 2) positions.
        point_xy: (N, 2) positions in the same frame.
        radius: accepted distance in that frame (r), or (N,) accepted distance of each point.

    Raises:
        ShapeError: there are several radii, but not one for each point.
        InputError: a radius is no positive number, or too many cells lie within the radius.
    """
    radii = checked_radii(radius, len(point_xy))
    if not (len(detection_xy) and len(point_xy)):
        nobody = np.empty(0, dtype=np.int64)
        return Candidates(nobody, nobody, np.empty(0))
    tree = _tree(detection_xy)
    # Points of like radius together: a search takes one radius, and the widest would find too many.
    _, size = np.frexp(radii)
    alike = [np.flatnonzero(size == one) for one in np.unique(size)]
    parts = [_near(tree, point_xy, radii, rows) for rows in alike]
    return Candidates(
        np.concatenate([part.detection_rows for part in parts]),
        np.concatenate([part.point_rows for part in parts]),
        np.concatenate([part.distances for part in parts]),
    )


def checked_radii(radius: float | Floats, count: int) -> Floats:
    """Return the accepted distance of each of ``count`` points, from a common one or from their own.

    Raises:
        ShapeError: there are several radii, but not one for each point.
        InputError: a radius is no positive number.
    """
    radii = np.asarray(radius, dtype=np.float64)
    if radii.shape not in {(), (count,)}:
        raise ShapeError(f"give one radius, or ({count},) radii like the points, not {radii.shape}")
    wrong = radii[~(np.isfinite(radii) & (radii > 0))]
    if wrong.size:
        raise InputError(f"the radius must be a positive number, not {wrong[0]}")
    return np.broadcast_to(radii, (count,))


def _tree(xy: Floats) -> cKDTree:
    return cKDTree(xy, balanced_tree=False, compact_nodes=False)  # built faster, searched as fast


def _near(tree: cKDTree, point_xy: Floats, radii: Floats, rows: Ints) -> Candidates:
    points = _tree(point_xy[rows])
    wider = radii[rows].max() * (1 + _GUARD)
    _refuse_crowd(tree, points, wider)
    found = tree.sparse_distance_matrix(points, wider, output_type="ndarray")
    radius = radii[rows[found["j"]]]
    near: Bools = found["v"] <= radius
    unsure = np.flatnonzero(np.abs(found["v"] - radius) <= _GUARD * radius)
    apart = tree.data[found["i"][unsure]] - points.data[found["j"][unsure]]
    near[unsure] = np.hypot(apart[:, 0], apart[:, 1]) <= radius[unsure]
    return Candidates(found["i"][near], rows[found["j"][near]], found["v"][near])


def _refuse_crowd(detections: cKDTree, points: cKDTree, radius: float) -> None:
    if detections.n * points.n <= _MOST_CANDIDATES:
        return
    crowd = int(detections.count_neighbors(points, radius))
    if crowd > _MOST_CANDIDATES:
        raise InputError(
            f"{crowd} pairs of {detections.n} detections and {points.n} points lie within the radius of "
            f"{radius:.6g}, more than the {_MOST_CANDIDATES} that can be weighed up; check the unit of "
            "the radius, and whether many cells share one position"
        )
