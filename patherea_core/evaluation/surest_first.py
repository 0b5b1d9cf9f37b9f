"""Which detections are hits if the surest may choose first, and still as many hits as there can be.

Detections enter one by one in falling score. Each of them is a hit if the pairs found so far can be
rearranged to make room for it (an augmenting path; Kuhn 1955), and then stays one. If not, no later
detection makes room either. So the hits among the first k detections are as many as a maximum pairing of
these k has, for every k at once: sets of detections that can be paired together form a transversal
matroid (Edmonds and Fulkerson 1965), and taking the surest first is its greedy algorithm.

Where cells are crowded, the last free points are far away, and one search after the other visits
thousands of detections. A problem that turns out to be of that kind is halved: a maximum pairing of its
surer half tells where that half has detections to spare (Dulmage and Mendelsohn 1958). No later detection
enters there, and nothing there is in the way elsewhere, so there remain two problems that share no
detection and no point.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from patherea_core.geometry import Bools, Ints

#: Detections that the searches may visit, for each detection that enters, before a problem is halved.
_PATIENCE = 64
#: Smaller problems are searched to the end; halving them would cost more.
_FEW_DETECTIONS = 100


def surest_hits(ranks: Ints, point_rows: Ints, count: int) -> Bools:
    """Return a (D,) mask of the detections that are hits, by their rank.

    Args:
        ranks: (C,) the detections of all pairs that are allowed, each by its place in the order in
            which detections enter, from 0.
        point_rows: (C,) the points of these pairs; every pair occurs once.
        count: number of detections (D).
    """
    hit = np.zeros(count, dtype=np.bool_)
    order = np.argsort(ranks, kind="stable")
    links = _Links.of(ranks[order], point_rows[order])
    found = _searched(links)
    if found is not None:
        hit[links.ranks] = found
        return hit
    parts = [_Part(links, 0, int(np.count_nonzero(_paired(links) >= 0)))]
    while parts:
        parts += _decide(parts.pop(), hit)
    return hit


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Detections and points, each with at least one link to the other side.

    Attributes:
        ranks: (n,) the detections, ascending.
        rows: (c,) of each link the detection, as a row of ``ranks``; ascending.
        columns: (c,) of each link the point, counted from 0 without a gap.
    """

    ranks: Ints
    rows: Ints
    columns: Ints

    @classmethod
    def of(cls, ranks: Ints, columns: Ints) -> Self:
        """Return links with detections and points counted anew; ranks ascending, one for each link."""
        first = np.diff(ranks, prepend=-1) > 0
        occurs = np.zeros(columns.max(initial=-1) + 1, dtype=np.bool_)
        occurs[columns] = True
        return cls(ranks[first], np.cumsum(first) - 1, (np.cumsum(occurs) - 1)[columns])

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, kept: Bools) -> "_Links":
        return _Links.of(self.ranks[self.rows[kept]], self.columns[kept])

    @property
    def point_count(self) -> int:
        return int(self.columns.max(initial=-1)) + 1


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """Detections and points apart from all others.

    Attributes:
        links: what may be paired.
        start: detections of a lower rank are known to be hits; the others are open.
        pairs: how many pairs a maximum pairing has.
    """

    links: _Links
    start: int
    pairs: int

    @property
    def known(self) -> Ints:
        """The detections that are known to be hits."""
        return self.links.ranks[: np.searchsorted(self.links.ranks, self.start)]

    @property
    def open(self) -> Ints:
        """The other detections, ascending."""
        return self.links.ranks[np.searchsorted(self.links.ranks, self.start) :]

    @property
    def hits(self) -> int:
        """How many of the open detections are hits."""
        return self.pairs - len(self.known)

    def halves(self) -> list["_Part"]:
        """Return the part where the surer half has detections to spare, and the rest."""
        middle = int(self.open[len(self.open) // 2])
        early = self.links.ranks[self.links.rows] < middle
        spare = early.copy()
        spare[early] = _to_spare(self.links.take(early))
        closed = np.zeros(self.links.point_count, dtype=np.bool_)
        closed[self.links.columns[spare]] = True
        # Where detections are to spare, every point gets one.
        taken = int(np.count_nonzero(closed))
        rest = self.links.take(~closed[self.links.columns])
        return [
            _Part(self.links.take(spare), self.start, taken),
            _Part(rest, middle, self.pairs - taken),
        ]


def _decide(part: _Part, hit: Bools) -> list[_Part]:
    """Mark the hits of a part, or return its halves if the search for them takes too long."""
    hit[part.known] = True
    if part.hits == len(part.open):
        hit[part.open] = True
    elif part.hits:
        found = _searched(part.links)
        if found is None:
            return part.halves()
        hit[part.links.ranks] = found
    return []


def _paired(links: _Links) -> Ints:
    """Return the (n,) point of each detection in one maximum pairing; -1 where there is none.

    A maximum flow through links of width one (Dinic 1970); it stays quick where cells are crowded.
    """
    count, point_count = len(links.ranks), links.point_count
    source, sink = count + point_count, count + point_count + 1
    starts = [np.full(count, source), links.rows, count + np.arange(point_count)]
    ends = [np.arange(count), count + links.columns, np.full(point_count, sink)]
    pipes = np.concatenate(starts).astype(np.int32), np.concatenate(ends).astype(np.int32)
    widths = np.ones(len(pipes[0]), dtype=np.int32)
    network = csr_array((widths, pipes), shape=(sink + 1, sink + 1))
    flow = maximum_flow(network, source, sink, method="dinic").flow.tocoo()
    used = (flow.data > 0) & (flow.row < count)
    point_of = np.full(count, -1)
    point_of[flow.row[used]] = flow.col[used] - count
    return point_of


def _to_spare(links: _Links) -> Bools:
    """Return a (c,) mask: links of detections that some maximum pairing leaves out.

    An alternating path leads to each of them from a detection that one maximum pairing leaves out.
    """
    point_of = _paired(links)
    owner = np.full(links.point_count, -1)
    paired = np.flatnonzero(point_of >= 0)
    owner[point_of[paired]] = paired
    left_out = np.flatnonzero(point_of < 0)
    # From a detection to the owner of a point it could have; from an added first node to all left out.
    first = len(point_of)
    leads = owner[links.columns] >= 0
    sources = np.concatenate([links.rows[leads], np.full(len(left_out), first)])
    targets = np.concatenate([owner[links.columns[leads]], left_out])
    ones = np.ones(len(sources), dtype=np.bool_)
    steps = csr_array((ones, (sources, targets)), shape=(first + 1, first + 1))
    spare = np.zeros(first + 1, dtype=np.bool_)
    spare[breadth_first_order(steps, first, return_predecessors=False)] = True
    return spare[links.rows]


def _searched(links: _Links) -> Bools | None:
    """Return an (n,) mask of the hits, one search for each detection; None if that takes too long."""
    count = len(links.ranks)
    search = _Search(links)
    patience = _PATIENCE * max(count, _FEW_DETECTIONS)
    hit = np.zeros(count, dtype=np.bool_)
    for row in range(count):
        hit[row] = search.enters(row)
        if search.visits > patience:
            return None
    return hit


class _Search:
    """Pairs that grow by one detection at a time, along shortest augmenting paths.

    Attributes:
        visits: how many detections all searches together have come by.
    """

    def __init__(self, links: _Links) -> None:
        count = len(links.ranks)
        self.visits = 0
        self._starts = np.searchsorted(links.rows, np.arange(count + 1)).tolist()
        self._columns = links.columns
        self._point_of = [-1] * count
        self._owner = [-1] * links.point_count
        self._seen_by = [-1] * links.point_count
        self._came_from = [-1] * links.point_count

    def enters(self, newcomer: int) -> bool:
        """Make room for a detection, and tell whether there is any."""
        visited = [newcomer]
        free = self._free_point(visited)
        self.visits += len(visited)
        if free is not None:
            self._rearrange(free)
            return True
        # All that was reached from here is taken for good; later searches need not come back.
        for row in visited:
            for point in self._choices(row):
                self._seen_by[point] = len(self._point_of)
        return False

    def _choices(self, row: int) -> list[int]:
        choices: list[int] = self._columns[self._starts[row] : self._starts[row + 1]].tolist()
        return choices

    def _free_point(self, visited: list[int]) -> int | None:
        newcomer = visited[0]
        for row in visited:
            for point in self._choices(row):
                if self._seen_by[point] >= newcomer:
                    continue
                self._seen_by[point] = newcomer
                self._came_from[point] = row
                if self._owner[point] < 0:
                    return point
                visited.append(self._owner[point])
        return None

    def _rearrange(self, point: int) -> None:
        while point >= 0:
            row = self._came_from[point]
            self._owner[point] = row
            self._point_of[row], point = point, self._point_of[row]
