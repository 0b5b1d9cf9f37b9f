"""Of all largest sets of pairs, one with the least sum of distances.

The decomposition of Dulmage and Mendelsohn (1958) first finds which links are in any largest set: those
among cells where detections are to spare, those where points are, and those on an alternating cycle. In
each part one side is paired completely, so shortest augmenting paths, one for each cell of that side,
lead to the optimum (Jonker and Volgenant, 1987). A path ends at the next free cell, mostly a near one,
so no step grows with the number of cells; there is no recursion, and no penalty for what is not paired.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components

from patherea_core.geometry import Bools, Floats, Ints

#: Where more links than this fill more than one in so many places of their matrix, as happens if the
#: radius covers most of the field, paths would be long, and the dense algorithm is the faster one.
_CROWD, _SPARSE = 100_000, 16


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Which rows may be paired with which columns, and how far apart they are; all (C,)."""

    rows: Ints
    columns: Ints
    distances: Floats

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, kept: Bools | Ints) -> "_Links":
        return _Links(self.rows[kept], self.columns[kept], self.distances[kept])

    def exchanged(self) -> "_Links":
        return _Links(self.columns, self.rows, self.distances)


def closest_matching(detection_rows: Ints, point_rows: Ints, distances: Floats, hit: Ints) -> Ints:
    """Return the (D,) point of each detection in a closest largest matching; -1 where there is none.

    Args:
        detection_rows: (C,) the detections of all pairs that are allowed.
        point_rows: (C,) the points of these pairs; every pair occurs once.
        distances: (C,) how far the two are apart.
        hit: (D,) the same as the result, in any largest matching.
    """
    links = _Links(detection_rows, point_rows, distances)
    closest = np.full_like(hit, -1)
    if len(links):
        all_points, all_detections = _possible(links, hit)
        points, detections = _assigned(links.take(all_points).exchanged())
        closest[detections] = points
        detections, points = _assigned(links.take(all_detections))
        closest[detections] = points
    return closest


def _possible(links: _Links, hit: Ints) -> tuple[Bools, Bools]:
    """Return two (C,) masks: links where every point gets paired, and where every detection does.

    Links in neither are in no largest matching. Nodes of the graphs are the detections, then the points.
    """
    detection_count, point_count = len(hit), int(links.columns.max()) + 1
    paired = np.flatnonzero(hit >= 0)
    owned = detection_count + hit[paired]
    free = np.ones(detection_count + point_count, dtype=np.bool_)
    free[paired] = free[owned] = False
    free_nodes = np.flatnonzero(free)
    free_detections, free_points = np.split(
        free_nodes, [np.searchsorted(free_nodes, detection_count)]
    )
    sources, targets = links.rows, detection_count + links.columns
    # An alternating path takes any link to a point, and only a pair back to a detection.
    onwards = (np.concatenate([sources, owned]), np.concatenate([targets, paired]))
    spare_detection = _reached(*onwards, free_detections, len(free))
    spare_point = _reached(*onwards[::-1], free_points, len(free))
    _, cycle = connected_components(_graph(*onwards, len(free)), connection="strong")
    among_spare_points = spare_point[sources] & spare_point[targets]
    among_spare_detections = spare_detection[sources] & spare_detection[targets]
    on_a_cycle = cycle[sources] == cycle[targets]
    return (on_a_cycle | among_spare_detections) & ~among_spare_points, among_spare_points


def _graph(sources: Ints, targets: Ints, count: int) -> csr_array:
    return csr_array((np.ones(len(sources), dtype=np.bool_), (sources, targets)), (count, count))


def _reached(sources: Ints, targets: Ints, starts: Ints, count: int) -> Bools:
    """Return a (count,) mask of the nodes that can be reached from any of the starts."""
    root = np.full_like(starts, count)
    graph = _graph(np.concatenate([sources, root]), np.concatenate([targets, starts]), count + 1)
    mask = np.zeros(count + 1, dtype=np.bool_)
    mask[breadth_first_order(graph, count, return_predecessors=False)] = True
    return mask[:count]


def _assigned(links: _Links) -> tuple[Ints, Ints]:
    """Return every row once with a column of its own, so that the sum of distances is the least."""
    rows, row = np.unique(links.rows, return_inverse=True)
    columns, column = np.unique(links.columns, return_inverse=True)
    if len(links) > _CROWD and len(rows) * len(columns) <= _SPARSE * len(links):
        distances = np.full((len(rows), len(columns)), np.inf)
        distances[row, column] = links.distances
        row, column = linear_sum_assignment(distances)
        return rows[row], columns[column]
    order = np.lexsort((links.distances, row))
    solver = _Assignment(_Links(row[order], column[order], links.distances[order]), len(columns))
    for free in solver.free_rows:
        solver.place(free)
    owner = np.array(solver.owner, dtype=np.int64)
    taken = np.flatnonzero(owner >= 0)
    return rows[owner[taken]], columns[taken]


class _Assignment:
    """An assignment that grows by one row at a time and is the closest one of its size throughout.

    A row's price plus a column's price never exceeds their distance, and equals it for a pair; what is
    lacking is the length of a link in a path.

    Attributes:
        owner: the row that each column is paired with, -1 if none.
        free_rows: the rows that are not paired at the start.
    """

    def __init__(self, links: _Links, column_count: int) -> None:
        """Pair every row with its closest column if no earlier row did.

        Args:
            links: sorted by row, then by distance; no row is without a link.
            column_count: number of columns.
        """
        # Views, and not lists: most of a long row of links is never looked at.
        self._columns, self._distances = links.columns.data, links.distances.data
        count = 1 + int(links.rows.max(initial=-1))
        starts = np.searchsorted(links.rows, np.arange(count + 1))
        closest = links.take(starts[:-1])
        column, row = np.unique(closest.columns, return_index=True)
        owner = np.full(column_count, -1, dtype=np.int64)
        owner[column] = row
        free = np.ones(count, dtype=np.bool_)
        free[row] = False
        self.owner: list[int] = owner.tolist()
        self.free_rows: list[int] = np.flatnonzero(free).tolist()
        self._starts: list[int] = starts.tolist()
        self._row_price: list[float] = closest.distances.tolist()
        self._column_price = [0.0] * column_count

    def place(self, row: int) -> None:
        """Pair one more row, moving others where that is closer in sum."""
        lengths, origins, settled, end = self._shortest(row)
        self._row_price[row] += lengths[end]
        for column in settled:
            gain = lengths[end] - lengths[column]
            self._column_price[column] -= gain
            self._row_price[self.owner[column]] += gain
        while end >= 0:
            # The column changes hands; what its new row had before is next.
            mover, before = origins[end]
            self.owner[end], end = mover, before

    def _shortest(
        self, row: int
    ) -> tuple[dict[int, float], dict[int, tuple[int, int]], list[int], int]:
        """Return the shortest path from a row to a free column.

        Returns:
            The length of the way to each column seen; the row before each, and the column which that row
            leaves (-1 at the start); the columns passed; the free column.
        """
        lengths: dict[int, float] = {}
        origins: dict[int, tuple[int, int]] = {}
        settled: set[int] = set()
        heap: list[tuple[float, int]] = []
        way, left, shortest = 0.0, -1, np.inf
        while True:
            for column, distance in self._near(row):
                length = way + distance - self._row_price[row]
                if length >= shortest:
                    break  # the next ones are further away, and no price makes a way shorter
                length -= self._column_price[column]
                if column not in settled and length < min(lengths.get(column, np.inf), shortest):
                    lengths[column], origins[column] = length, (row, left)
                    heappush(heap, (length, column))
                    if self.owner[column] < 0:
                        shortest = length
            way, left = heappop(heap)
            while left in settled:
                way, left = heappop(heap)
            row = self.owner[left]
            if row < 0:
                return lengths, origins, list(settled), left
            settled.add(left)

    def _near(self, row: int) -> Iterator[tuple[int, float]]:
        part = slice(self._starts[row], self._starts[row + 1])
        return zip(self._columns[part], self._distances[part], strict=True)
