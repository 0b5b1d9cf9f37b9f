"""Agreement about classes beyond chance: Cohen's kappa of two observers, Fleiss' kappa of several."""

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.geometry import Ints

#: Chance agreement that is not further from one leaves nothing to agree about.
_ROUNDING = 1e-12


def cohen_kappa(confusion: Ints) -> float | None:
    """Return the agreement of two observers beyond chance (Cohen 1960).

    Args:
        confusion: (T, T) numbers of cells, rows for the class that the first observer gave and columns
            for that of the second.

    Returns:
        1 for full agreement, 0 for that of chance, less for worse; None if there is no cell, or if both
        gave one and the same class to every cell.

    Raises:
        ShapeError: the table is not square.
    """
    table = np.asarray(confusion, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        raise ShapeError(f"a confusion table must be (T, T), not {table.shape}")
    total = table.sum()
    if not total:
        return None
    observed = np.trace(table) / total
    by_chance = (table.sum(axis=0) @ table.sum(axis=1)) / total**2
    return _beyond(float(observed), float(by_chance))


def fleiss_kappa(votes: Ints) -> float | None:
    """Return the agreement of several observers beyond chance (Fleiss 1971).

    Args:
        votes: (N, T) how many observers gave each class to each cell; every cell has as many votes.

    Returns:
        As for Cohen's kappa; None if there is no cell, or if all gave one and the same class to all.

    Raises:
        ShapeError: a cell has fewer than two votes, or not as many as the others.
    """
    table = np.asarray(votes, dtype=np.float64)
    if table.ndim != 2:
        raise ShapeError(f"votes must be (N, T), not {table.shape}")
    if not len(table):
        return None
    per_cell = table.sum(axis=1)
    observers = per_cell[0]
    if observers < 2 or (per_cell != observers).any():
        raise ShapeError("every cell needs votes of the same two or more observers")
    # Of the pairs of observers of each cell, those that agree.
    observed = ((table**2).sum(axis=1) - observers) / (observers * (observers - 1))
    shares = table.sum(axis=0) / table.sum()
    return _beyond(float(observed.mean()), float(shares @ shares))


def _beyond(observed: float, by_chance: float) -> float | None:
    if by_chance > 1 - _ROUNDING:
        return None
    return (observed - by_chance) / (1 - by_chance)
