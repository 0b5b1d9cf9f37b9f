"""The targets of a batch in one piece."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from patherea_core.batch import Targets
from patherea_core.objective.transfer import send


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The targets of B tiles, one after another.

    Attributes:
        xy: (S, 2) float32 tile pixels.
        class_index: (S,) int64 rows of the taxonomy.
        tile: (S,) int64 tile of each, ascending.
        counts: how many each of the B tiles has.
    """

    xy: Tensor
    class_index: Tensor
    tile: Tensor
    counts: tuple[int, ...]

    @classmethod
    def of(cls, targets: Sequence[Targets]) -> "Cells":
        """Return the targets of at least one tile."""
        counts = tuple(len(one) for one in targets)
        xy = torch.cat([one.xy for one in targets]).float()
        class_index = torch.cat([one.class_index for one in targets])
        return cls(
            xy, class_index, send(np.repeat(np.arange(len(counts)), counts), xy.device), counts
        )
