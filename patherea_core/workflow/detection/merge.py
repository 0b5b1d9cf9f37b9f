"""The cells of a slide from all its detections: one for a cell, inside the region, in base pixels.

Memory stays flat: the slide is gone through in bands, from the top down. What lies within the least distance
of a band's lower edge, with all that hangs on it, waits for the next band, since a likelier detection may lie
there. So the result is that of ``one_per_cell`` on all of them, whatever the height of the bands.
"""

import math
from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from patherea_core.cells import CellPart
from patherea_core.decoding import apart
from patherea_core.geometry import Bools, Scale
from patherea_core.regions import Outline, inside
from patherea_core.workflow.detection.found import ROW, Entry, Found, Rows, as_detections


class MergedCells:
    """The cells of a slide, merged from what its tiles found each time they are gone through; see ``Cells``.

    Args:
        found: what the tiles found; it must stay readable.
        area: what counts, in base pixels.
        scale: of the slide and the model.
        least_distance: between two cells, in working pixels; 0 for none.
        band: height of a band in working pixels.
    """

    def __init__(
        self, found: Found, area: Outline, scale: Scale, least_distance: float, *, band: float
    ) -> None:
        self._found = found
        self._area = area
        self._scale = scale
        self._least_distance = least_distance
        self._band = band
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = sum(map(len, self.parts()))
        return self._count

    def parts(self) -> Iterator[CellPart]:
        """Yield the cells of each band in the order of their tiles, and of the anchor points within one."""
        for rows in self._settled():
            cells = as_detections(rows)
            cells = cells.moved_to(self._scale.to_base(cells.xy))
            counts = inside(self._area, cells.xy)
            if counts.any():
                yield CellPart(cells.take(counts), rows["tile"][counts].astype(np.int64))

    def _settled(self) -> Iterator[Rows]:
        """Yield the rows that stay, band by band."""
        entries = [entry for entry in self._found.entries if entry.count]
        waiting = np.empty(0, dtype=ROW)
        for top, bottom, last in self._bands(entries):
            seen = np.concatenate([waiting, *self._within(entries, top, bottom)])
            ready = np.ones(len(seen), dtype=np.bool_) if last else self._ready(seen, bottom)
            waiting, seen = seen[~ready], seen[ready]
            stays = seen[apart(as_detections(seen), self._least_distance)]
            # What waited came first; rows of a tile keep their order, as the sort is stable.
            yield stays[np.argsort(stays["tile"], kind="stable")]

    def _bands(self, entries: list[Entry]) -> Iterator[tuple[float, float, bool]]:
        """Yield top and bottom of each band that holds a detection may lie in, and whether it is the last."""
        if not entries:
            return
        first = math.floor(min(entry.top for entry in entries) / self._band)
        last = math.floor(max(entry.bottom for entry in entries) / self._band)
        for number in range(first, last + 1):
            yield number * self._band, (number + 1) * self._band, number == last

    def _within(self, entries: list[Entry], top: float, bottom: float) -> Iterator[Rows]:
        for entry in entries:
            if entry.bottom >= top and entry.top < bottom:
                rows = self._found.rows(entry)
                yield rows[(rows["y"] >= top) & (rows["y"] < bottom)]

    def _ready(self, rows: Rows, bottom: float) -> Bools:
        """Tell on which rows nothing that lies below can have a bearing: (N,) mask."""
        near = rows["y"] >= bottom - self._least_distance
        if self._least_distance <= 0 or not near.any():
            return np.ones(len(rows), dtype=np.bool_)
        xy = np.stack([rows["x"], rows["y"]], axis=1)
        pairs = cKDTree(xy).query_pairs(self._least_distance, output_type="ndarray")
        touching = coo_array(
            (np.ones(len(pairs), dtype=np.bool_), (pairs[:, 0], pairs[:, 1])),
            shape=(len(rows), len(rows)),
        )
        count, group = connected_components(touching, directed=False)
        waits = np.zeros(count, dtype=np.bool_)
        waits[group[near]] = True
        ready: Bools = ~waits[group]
        return ready
