"""From signs to an order: which fields to label first, and why. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from patherea_core.errors import InputError
from patherea_core.geometry import Floats, Ints
from plugin.suggestion.signs import Signs


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each sign counts; only their proportions matter."""

    disagreement: float = 1.0
    entropy: float = 1.0
    rarity: float = 1.0

    def __post_init__(self) -> None:
        values = list(self.named.values())
        if not (np.isfinite(values).all() and min(values) >= 0 and sum(values) > 0):
            raise InputError(
                "weights of signs are numbers that are not negative, and one of them is positive; not"
                f" {', '.join(f'{name} {value:g}' for name, value in self.named.items())}"
            )

    @property
    def named(self) -> Mapping[str, float]:
        """The weights by the names of the signs."""
        return {
            "disagreement": self.disagreement,
            "entropy": self.entropy,
            "rarity": self.rarity,
        }


def merits(signs: Signs, weights: Weights) -> Floats:
    """Return (F,) the merit of each field: the weighted mean of its places, 1 for the first in every sign.

    A place is the share of the other fields that show less of the sign; equal ones share theirs. Places
    have no unit, so that no sign outweighs the others by its scale. A sign in which all fields are
    equal tells nothing and is left out. The only field is the first.
    """
    if len(signs) == 1:
        return np.ones(1)
    total = np.zeros(len(signs))
    weight_sum = 0.0
    for name, values in signs.named.items():
        weight = weights.named[name]
        if weight and len(values) and np.ptp(values) > 0:
            total += weight * (rankdata(values) - 1) / (len(values) - 1)
            weight_sum += weight
    return total / weight_sum if weight_sum else total


def best(merit: Floats, corners: Ints, count: int) -> Ints:
    """Return the rows of the best fields, the best first.

    Args:
        merit: (F,) of each field.
        corners: (F, 2) left and top of each, which decide between equal ones: the upper, then the leftmost.
        count: how many, at the most.
    """
    order = np.lexsort((corners[:, 0], corners[:, 1], -np.round(merit, 9)))
    return order[:count]
