"""What flows between the data, the network and the objective.

Letters: B images, M proposals an image, N cells, T classes, H×W pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """The labelled cells of one tile, as the objective sees them.

    Attributes:
        xy: (N, 2) float32 tile pixels.
        class_index: (N,) int64 rows of the taxonomy.
    """

    xy: Tensor
    class_index: Tensor

    def __len__(self) -> int:
        return len(self.xy)

    def to(self, device: torch.device) -> "Targets":
        """Return the targets on another device."""
        return Targets(self.xy.to(device), self.class_index.to(device))


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Tiles of one size with their targets.

    Attributes:
        images: (B, 3, H, W) uint8 RGB; the network normalises them as its backbone expects.
        targets: B of them.
        labelled: (B, H, W) bool; false where nobody looked, so that nothing is learnt there.
    """

    images: Tensor
    targets: tuple[Targets, ...]
    labelled: Tensor

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        return Batch(
            self.images.to(device),
            tuple(target.to(device) for target in self.targets),
            self.labelled.to(device),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """The proposals of one branch of the network.

    Attributes:
        xy: (B, M, 2) proposed positions in tile pixels: anchor point plus predicted offset.
        logits: (B, M, T + 1); the last column is background.
    """

    xy: Tensor
    logits: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """All that the network proposes for a batch of tiles.

    Attributes:
        anchors: (M, 2) anchor points in tile pixels, the same for every tile.
        one_to_one: the branch that is decoded.
        one_to_many: the branch that only training uses; None in a plain one-to-one network.
    """

    anchors: Tensor
    one_to_one: Branch
    one_to_many: Branch | None
