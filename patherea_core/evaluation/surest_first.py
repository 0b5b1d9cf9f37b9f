"""Which detections are hits if the surest may choose first, and still as many hits as there can be.

Detections enter one by one in falling score. Each of them is a hit if the pairs found so far can be
rearranged to make room for it (an augmenting path; Kuhn 1955), and then stays one. If not, no later
detection makes room either. So the hits among the first k detections are as many as a maximum pairing of
these k has, for every k at once: sets of detections that can be paired together form a transversal
matroid (Edmonds and Fulkerson 1965), and taking the surest first is its greedy algorithm.
"""

import numpy as np

from patherea_core.geometry import Bools, Ints


def surest_hits(ranks: Ints, point_rows: Ints, count: int) -> Bools:
    """Return a (D,) mask of the detections that are hits, by their rank.

    Args:
        ranks: (C,) the detections of all pairs that are allowed, each by its place in the order in
            which detections enter, from 0.
        point_rows: (C,) the points of these pairs.
        count: number of detections (D).
    """
    search = _Search(ranks, point_rows, count)
    hit = np.zeros(count, dtype=np.bool_)
    # Detections far from every point do not occur in any pair.
    for rank in np.unique(ranks).tolist():
        hit[rank] = search.enters(rank)
    return hit


class _Search:
    """Pairs that grow by one detection at a time.

    Paths are searched breadth first, so the shortest is taken, and all of them together stay short:
    O(D log² D) pairs are rearranged in all (Bernstein, Holm and Rotenberg 2018). A search without success
    closes what it visited, so such searches together visit every allowed pair at most once.
    """

    def __init__(self, ranks: Ints, point_rows: Ints, count: int) -> None:
        order = np.argsort(ranks, kind="stable")
        point_count = int(point_rows.max(initial=-1)) + 1
        self._starts = np.searchsorted(ranks[order], np.arange(count + 1)).tolist()
        self._points = point_rows[order]
        # Which point a detection has, and which detection a point has; -1 for none.
        self._point_of = [-1] * count
        self._owner = [-1] * point_count
        # The last detection that searched at a point; one beyond all others closes it.
        self._seen_by = [-1] * point_count
        self._came_from = [-1] * point_count

    def enters(self, newcomer: int) -> bool:
        """Make room for a detection of a higher rank than all before, and tell whether there is any."""
        visited = [newcomer]
        free = self._free_point(visited)
        if free is not None:
            self._rearrange(free)
            return True
        # Whoever was visited has all that can be reached from here, and no later search ends here.
        for rank in visited:
            for point in self._choices(rank):
                self._seen_by[point] = len(self._point_of)
        return False

    def _choices(self, rank: int) -> list[int]:
        choices: list[int] = self._points[self._starts[rank] : self._starts[rank + 1]].tolist()
        return choices

    def _free_point(self, visited: list[int]) -> int | None:
        """Return the first free point on a path from the newcomer; ``visited`` grows on the way."""
        newcomer = visited[0]
        for rank in visited:
            for point in self._choices(rank):
                if self._seen_by[point] >= newcomer:
                    continue
                self._seen_by[point] = newcomer
                self._came_from[point] = rank
                if self._owner[point] < 0:
                    return point
                visited.append(self._owner[point])
        return None

    def _rearrange(self, point: int) -> None:
        """Give every detection on the path to a free point the next point on it."""
        while point >= 0:
            rank = self._came_from[point]
            self._owner[point] = rank
            self._point_of[rank], point = point, self._point_of[rank]
