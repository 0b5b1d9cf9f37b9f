"""The order in which the tiles of an epoch are shown, on one device or dealt out to several."""

import math
from collections.abc import Iterator

from torch.utils.data import Sampler

from patherea_core.seeding import Seed


class EpochOrder(Sampler[tuple[int, int]]):
    """The rows of an epoch in random order, each with its epoch, as ``TileDataset`` takes them.

    The order depends on seed and epoch only. Several devices take turns at it: batches of theirs, put
    together, are those of one device with larger batches, except for the last. Since all of them have to
    take as many steps, the first rows are shown a second time where the number of rows does not divide.

    Since every row names its epoch, workers may outlive an epoch and fetch in advance.

    Args:
        rows: tiles of an epoch.
        seed: root of all chance.
        rank: number of this device, from 0.
        devices: how many share the rows.
    """

    def __init__(self, rows: int, seed: Seed, *, rank: int = 0, devices: int = 1) -> None:
        self._rows = rows
        self._seed = seed
        self._rank = rank
        self._devices = devices
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that is begun next, counted from 0; Lightning does so before each."""
        self._epoch = epoch

    def __len__(self) -> int:
        """Return the number of tiles that this device is shown."""
        return math.ceil(self._rows / self._devices)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Yield epoch and row of each tile that this device is shown."""
        epoch = self._epoch
        order = self._seed.stream("order", epoch).permutation(self._rows).tolist()
        for place in range(self._rank, self._devices * len(self), self._devices):
            yield epoch, order[place % self._rows]
