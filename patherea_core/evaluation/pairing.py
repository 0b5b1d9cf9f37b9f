"""Which detections hit which points: as many pairs within the radius as there can be (paper, section 5).

The Hungarian algorithm on distances may steal a hit from a cell to shorten the total (paper, figure 3
right), and taking the closest pair first may block another one. So only "inside the radius" counts
here, and the number of pairs is the largest possible. Which detection of several inside a radius is
paired is not specified; how many are paired is.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching
from scipy.spatial import cKDTree

from patherea_core.errors import InputError
from patherea_core.geometry import Floats, Ints

#: The tree works with squared distances; it is asked a little wider, and the exact test decides.
_GUARD = 1 + 1e-6


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


def pair(detection_xy: Floats, point_xy: Floats, radius: float) -> Pairs:
    """Return a largest possible set of pairs not further apart than the radius, bounds included.

    Args:
        detection_xy: (D, 2) positions.
        point_xy: (N, 2) positions in the same frame.
        radius: accepted distance in that frame (r).

    Raises:
        InputError: the radius is no positive number.
    """
    if not (math.isfinite(radius) and radius > 0):
        raise InputError(f"the radius must be a positive number, not {radius}")
    if not (len(detection_xy) and len(point_xy)):
        nobody = np.empty(0, dtype=np.int64)
        return Pairs(nobody, nobody)
    detection_rows, point_rows = _near(detection_xy, point_xy, radius)
    graph = csr_array(
        (np.ones(len(detection_rows), dtype=np.bool_), (detection_rows, point_rows)),
        shape=(len(detection_xy), len(point_xy)),
    )
    hit = maximum_bipartite_matching(graph, perm_type="column")
    paired = np.flatnonzero(hit >= 0)
    return Pairs(paired, hit[paired].astype(np.int64))


def _near(detection_xy: Floats, point_xy: Floats, radius: float) -> tuple[Ints, Ints]:
    candidates = cKDTree(detection_xy).sparse_distance_matrix(
        cKDTree(point_xy), radius * _GUARD, output_type="ndarray"
    )
    detection_rows, point_rows = candidates["i"], candidates["j"]
    apart = detection_xy[detection_rows] - point_xy[point_rows]
    near = np.hypot(apart[:, 0], apart[:, 1]) <= radius
    return detection_rows[near], point_rows[near]
