"""What flows between the data, the network, the objective and the decoding.

Letters: B images, M sites or proposals an image, N cells, T classes, H×W pixels.
"""

from dataclasses import dataclass
from typing import Protocol

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
        return Targets(_moved(self.xy, device), _moved(self.class_index, device))

    def pin_memory(self) -> "Targets":
        """Return the targets in memory that a GPU can fetch from by itself."""
        return Targets(self.xy.pin_memory(), self.class_index.pin_memory())


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
        """Return the batch on another device.

        From pinned memory the copy goes on while the program does other things.
        """
        return Batch(
            _moved(self.images, device),
            tuple(target.to(device) for target in self.targets),
            _moved(self.labelled, device),
        )

    def pin_memory(self) -> "Batch":
        """Return the batch in memory that a GPU can fetch from by itself."""
        return Batch(
            self.images.pin_memory(),
            tuple(target.pin_memory() for target in self.targets),
            self.labelled.pin_memory(),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sites:
    """What a batch of tiles shows at its M anchor points: a cell each, however unlikely.

    Attributes:
        xy: (B, M, 2) float32 positions in tile pixels.
        score: (B, M) float32 score of the likeliest cell class, in [0, 1]; less than 0 where there can be
            no cell, whatever the threshold.
        class_index: (B, M) int64 rows of the taxonomy: that class.
    """

    xy: Tensor
    score: Tensor
    class_index: Tensor


class Outputs(Protocol):
    """What a network says of a batch of tiles, whichever way it looks for cells.

    Whatever a network says, it says at anchor points, so that each of them belongs to one tile.
    """

    @property
    def anchors(self) -> Tensor:
        """(M, 2) anchor points in tile pixels, the same for every tile."""

    @property
    def class_count(self) -> int:
        """Number of cell classes (T)."""

    def numbers(self) -> list[Tensor]:
        """Return all that the network computed, to see whether it is still finite."""

    def sites(self) -> Sites:
        """Return what the tiles show at each anchor point, on the device of the network."""


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

    @property
    def class_count(self) -> int:
        """Number of cell classes (T)."""
        return self.one_to_one.logits.shape[-1] - 1

    def numbers(self) -> list[Tensor]:
        """Return positions and logits of all branches."""
        branches = [self.one_to_one, self.one_to_many]
        return [part for one in branches if one is not None for part in (one.xy, one.logits)]

    def sites(self) -> Sites:
        """Return the likeliest cell class of each proposal of the one-to-one branch, on its device.

        Background counts in the probabilities, but is never the class.
        """
        branch = self.one_to_one
        probability = branch.logits.float().softmax(dim=-1)[..., :-1]
        score, class_index = probability.max(dim=-1)
        return Sites(branch.xy.float(), score, class_index)


def _moved(tensor: Tensor, device: torch.device) -> Tensor:
    # Nobody waits for a copy to the CPU to be done before it is read.
    return tensor.to(device, non_blocking=device.type != "cpu")
