"""Proximity to the nearest cell: 1 at its middle, falling to 0 at a radius (Xie et al. 2018).

With the distance D, the radius d and the decay α it is (exp(α (1 − D / d)) − 1) / (exp(α) − 1) up to the
radius, and 0 beyond. It has an inverse: within the radius, a proximity says how far the cell is.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from patherea_core.errors import InputError


@dataclass(frozen=True, slots=True)
class Proximity:
    """How proximity falls with distance.

    Attributes:
        radius: distance at which it has fallen to 0, in working pixels (d).
        decay: how steeply it falls (α); the larger, the more pointed.

    Raises:
        InputError: one of them is no positive number.
    """

    radius: float
    decay: float

    def __post_init__(self) -> None:
        if not (0 < self.radius < math.inf and 0 < self.decay < math.inf):
            raise InputError(
                f"a proximity needs a positive radius and decay, not {self.radius:g} and {self.decay:g};"
                " correct network.proximity"
            )

    def of(self, distance: Tensor) -> Tensor:
        """Return the proximity at distances in working pixels, of the same shape."""
        nearness = (1 - distance / self.radius).clamp_min(0)
        # exp(…) − 1 rather than expm1, which ONNX lacks: nobody needs what that is more exact.
        return (torch.exp(self.decay * nearness) - 1) / math.expm1(self.decay)

    def distance(self, proximity: Tensor) -> Tensor:
        """Return the distance at which the proximity is as large, in working pixels; the radius for 0."""
        nearness = torch.log1p(proximity * math.expm1(self.decay)) / self.decay
        return self.radius * (1 - nearness)
