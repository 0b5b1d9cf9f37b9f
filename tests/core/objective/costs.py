"""Cost matrices for tests: of cells and proposals, and of kinds that are hard to assign."""

import numpy as np

from patherea_core.geometry import Floats

SIDE = 96.0


def of_cells(
    random: np.random.Generator, cells: int, *, spread: float = SIDE, learnt: bool = False
) -> Floats:
    """Return the (N, M) costs of cells in a tile of 24 × 24 proposals, in a heap if ``spread`` is small."""
    middle = SIDE / 2
    xy = np.clip(random.uniform(middle - spread / 2, middle + spread / 2, (cells, 2)), 0, SIDE)
    steps = np.arange(2.0, SIDE, 4.0)
    anchors = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    probability = random.uniform(0.2, 0.3, (cells, len(anchors)))
    if learnt:
        nearest = np.linalg.norm(anchors[:, None] - xy, axis=2).argmin(axis=1)
        anchors = anchors + random.uniform(0, 1, (len(anchors), 1)) * (xy[nearest] - anchors)
        probability[nearest, np.arange(len(anchors))] = random.uniform(0, 1, len(anchors))
    anchors = anchors + random.normal(0, 1, anchors.shape)
    distance = np.linalg.norm(xy[:, None] - anchors, axis=2)
    cost: Floats = (0.05 * distance - probability).astype(np.float32).astype(np.float64)
    return cost


def hard(random: np.random.Generator, kind: str, rows: int, columns: int) -> Floats:
    """Return costs of a named kind.

    "tied" has few different values; "equal" one; "sums" makes every assignment of the same proposals cost
    the same; "line" puts all on one line; "greedy" makes every target want the same proposals in the same
    order; "random" is without structure.
    """
    down, along = random.random((rows, 1)), random.random((1, columns))
    kinds = {
        "tied": random.integers(0, 3, (rows, columns)).astype(float),
        "equal": np.full((rows, columns), 0.1),
        "sums": down + along,
        "line": np.abs(20 * down - 20 * along),
        "greedy": down * np.sort(along),
        "random": random.random((rows, columns)) - 0.5,
    }
    return kinds[kind].astype(np.float32).astype(np.float64)


KINDS = ("tied", "equal", "sums", "line", "greedy", "random")
