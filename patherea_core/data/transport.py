"""How batches come from the processes that make them to the one that trains.

PyTorch passes every tensor through a piece of shared memory and a file handle of its own. A batch holds
two small tensors for each tile: hundreds of handles would be open at a time, and systems allow about a
thousand. So cells travel as one copied message, and only images and masks in shared memory; or all of
it copied, where a container has hardly any shared memory.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from patherea_core.batch import Batch, Targets
from patherea_core.data.dataset import collate
from patherea_core.geometry import Ints

Collate = Callable[[Sequence[Batch]], Batch]


class _Shared(Batch):
    """A batch that arrives in another process as a plain batch, its pixels by shared memory."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (self.images, self.labelled, *_cells(self))


class _Copied(Batch):
    """A batch that arrives in another process as a plain batch, all of it copied."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (self.images.numpy(), self.labelled.numpy(), *_cells(self))


def collate_shared(tiles: Sequence[Batch]) -> Batch:
    """Return several batches as one that travels through shared memory."""
    batch = collate(tiles)
    return _Shared(batch.images, batch.targets, batch.labelled)


def collate_copied(tiles: Sequence[Batch]) -> Batch:
    """Return several batches as one that needs no shared memory to travel."""
    batch = collate(tiles)
    return _Copied(batch.images, batch.targets, batch.labelled)


def _cells(batch: Batch) -> tuple[Any, Ints, list[int]]:
    """Return positions and classes of all cells as arrays, and how many belong to each tile."""
    xy = torch.cat([target.xy for target in batch.targets]).numpy()
    class_index = torch.cat([target.class_index for target in batch.targets]).numpy()
    return xy, class_index, [len(target) for target in batch.targets]


def _unpacked(
    images: Any,  # noqa: ANN401  a tensor, or an array if it was copied
    labelled: Any,  # noqa: ANN401
    xy: Any,  # noqa: ANN401
    class_index: Ints,
    counts: list[int],
) -> Batch:
    tiles = zip(
        torch.split(torch.from_numpy(xy), counts),
        torch.split(torch.from_numpy(class_index), counts),
        strict=True,
    )
    targets = tuple(Targets(*cells) for cells in tiles)
    return Batch(torch.as_tensor(images), targets, torch.as_tensor(labelled))


def bytes_of_batch(tiles: int, tile_size: int) -> int:
    """Return the bytes of images and masks of a batch."""
    return tiles * tile_size**2 * (3 * np.uint8().nbytes + np.bool_().nbytes)
