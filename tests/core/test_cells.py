"""Cells in parts are the cells."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.cells import CellPart, CellsInMemory, gathered
from patherea_core.errors import ShapeError
from patherea_core.points import Detections


@pytest.mark.parametrize("count", [0, 1, 100_000, 250_001])
def test_parts_are_all_cells_in_their_order(count: int) -> None:
    xy = np.arange(2.0 * count).reshape(-1, 2)
    cells = CellsInMemory(Detections(xy, np.zeros(count, dtype=np.int64), np.ones(count)))
    for _ in range(2):
        parts = list(cells.parts())
        assert max((len(part) for part in parts), default=0) <= 100_000
        together = Detections.concatenate([part.detections for part in parts])
        np.testing.assert_array_equal(together.xy, xy)
    assert len(cells) == count


def test_every_cell_of_a_part_has_a_tile() -> None:
    with pytest.raises(ShapeError, match="tile"):
        CellPart(Detections.none(), np.zeros(1, dtype=np.int64))


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(1, 12))
def test_gathered_parts_are_the_same_cells_so_many_at_a_time(sizes: list[int], size: int) -> None:
    ends = np.cumsum(sizes, dtype=np.int64)
    parts = []
    for tile, (count, end) in enumerate(zip(sizes, ends.tolist(), strict=True)):
        rows = np.arange(end - count, end, dtype=np.float64)
        found = Detections(
            np.stack([rows, -rows], axis=1), np.zeros(count, dtype=np.int64), np.ones(count)
        )
        parts.append(CellPart(found, np.full(count, tile)))
    together = list(gathered(iter(parts), size))
    total = sum(sizes)
    assert [len(part) for part in together] == [
        min(size, total - start) for start in range(0, total, size)
    ]
    xs = [x for part in together for x in part.detections.xy[:, 0].tolist()]
    assert xs == list(range(total))
    tiles = [tile for part in together for tile in part.tile.tolist()]
    assert tiles == np.repeat(np.arange(len(sizes)), sizes).tolist()
