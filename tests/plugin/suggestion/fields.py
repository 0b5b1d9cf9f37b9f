"""Fields as a model might see them, for tests of what is made of them."""

import numpy as np

from patherea_core.geometry import Box
from patherea_core.points import Detections
from plugin.suggestion.signs import SeenField
from tests.builders import detections


def seen(
    number: int,
    *rows: tuple[float, float, int],
    other: Detections | None = None,
    doubt: float = 0.0,
) -> SeenField:
    """Return a field of 100 working pixels; the other head sees the same cells unless it is said.

    Args:
        number: its place in the row.
        rows: x, y and class of each cell.
        other: what the other head sees.
        doubt: entropy of each cell.
    """
    cells = detections(*rows)
    box = Box(100 * number, 0, 100, 100)
    doubts = np.full(len(cells), doubt)
    return SeenField(box, cells, cells if other is None else other, doubts)
