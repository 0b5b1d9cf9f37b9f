"""As many pairs as there can be: a maximum matching, found as a flow.

A few rounds of taking what is free leave only some cells unpaired. The rest is a flow through alternating
paths, from the free detections to the free points, found by Dinic's algorithm, which is that of Hopcroft
and Karp here. SciPy's own bipartite matching is as fast where cells are sparse, but may not end within
minutes where ten thousand cells have dozens of others within the radius.
"""

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from patherea_core.geometry import Ints

#: More rounds pair hardly any more cells.
_ROUNDS = 8


def largest_matching(
    detection_rows: Ints, point_rows: Ints, detection_count: int, point_count: int
) -> Ints:
    """Return the (D,) point of each detection in a largest matching; -1 where there is none.

    Args:
        detection_rows: (C,) the detections of all pairs that are allowed.
        point_rows: (C,) the points of these pairs; every pair occurs once.
        detection_count: number of detections (D).
        point_count: number of points (N).
    """
    hit, owner = _greedy(detection_rows, point_rows, detection_count, point_count)
    starts = np.unique(detection_rows[hit[detection_rows] < 0])
    ends = np.unique(point_rows[owner[point_rows] < 0])
    if not (len(starts) and len(ends)):
        return hit
    # Nodes: the detections, the points, the source, the sink.
    source, sink = detection_count + point_count, detection_count + point_count + 1
    # A path takes any other link to a point, and only a pair back to a detection.
    paired = hit[detection_rows] == point_rows
    onwards = detection_rows[~paired], detection_count + point_rows[~paired]
    back = detection_count + point_rows[paired], detection_rows[paired]
    tails = np.concatenate(
        [np.full_like(starts, source), onwards[0], back[0], detection_count + ends]
    )
    heads = np.concatenate([starts, onwards[1], back[1], np.full_like(ends, sink)])
    ones = np.ones(len(tails), dtype=np.int32)
    graph = csr_array((ones, (tails, heads)), shape=(sink + 1, sink + 1))
    flow = maximum_flow(graph, source, sink, method="dinic").flow.tocoo()
    # A detection on a path moves on to the next point; none is left behind.
    moved = (flow.data > 0) & (flow.row < detection_count)
    hit[flow.row[moved]] = flow.col[moved] - detection_count
    return hit


def _greedy(
    detection_rows: Ints, point_rows: Ints, detection_count: int, point_count: int
) -> tuple[Ints, Ints]:
    """Return the point of each detection and the detection of each point, paired as they come."""
    hit = np.full(detection_count, -1, dtype=np.int64)
    owner = np.full(point_count, -1, dtype=np.int64)
    for _ in range(_ROUNDS):
        # Of several links of a detection one is chosen, and so is one of a point's suitors.
        choice = np.full(detection_count, -1, dtype=np.int64)
        choice[detection_rows] = point_rows
        suitors = np.flatnonzero(choice >= 0)
        owner[choice[suitors]] = suitors
        taken = np.flatnonzero(owner >= 0)
        hit[owner[taken]] = taken
        free = (hit[detection_rows] < 0) & (owner[point_rows] < 0)
        detection_rows, point_rows = detection_rows[free], point_rows[free]
    return hit, owner
