"""Cells in parts are the cells."""

import numpy as np
import pytest

from patherea_core.cells import CellPart, CellsInMemory
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
