"""Samples in memory as a torch dataset of random training tiles."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from patherea_core.batch import Batch, Targets
from patherea_core.data.augment import View, augmented
from patherea_core.data.raster import rasterise
from patherea_core.data.store import Sample
from patherea_core.errors import DatasetError
from patherea_core.seeding import Seed


class TileDataset(Dataset[Batch]):
    """Random tiles of labelled samples; an epoch has as many as cover the labelled area once.

    A tile depends on the seed, the epoch and its row only: not on the order in which tiles are asked
    for, nor on the number of workers. Every row always shows the same sample.

    Args:
        samples: at least one.
        tile_size: side of a tile in working pixels.
        seed: root of all chance.
        colour_jitter: largest relative change of brightness, contrast and saturation; 0 for none.

    Raises:
        DatasetError: there are no samples.
    """

    def __init__(
        self, samples: Sequence[Sample], *, tile_size: int, seed: Seed, colour_jitter: float = 0.0
    ) -> None:
        if not samples:
            raise DatasetError("there are no samples to train on")
        self._views = [_view(sample) for sample in samples]
        self._tile_size = tile_size
        self._seed = seed
        self._colour_jitter = colour_jitter
        tiles = [max(1, round(sample.labelled.area / tile_size**2)) for sample in samples]
        self._sample_of_row = np.repeat(np.arange(len(samples)), tiles)
        # Workers that outlive an epoch learn of the next one through shared memory.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose tiles are given out from now on; the first is 0."""
        self._epoch.fill_(epoch)

    def __len__(self) -> int:
        """Return the number of tiles of an epoch."""
        return len(self._sample_of_row)

    def __getitem__(self, row: int) -> Batch:
        """Return a batch of one tile."""
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)} tiles")
        random = self._seed.stream("augment", int(self._epoch), row)
        view = self._views[self._sample_of_row[row]]
        return _as_batch(augmented(view, self._tile_size, self._colour_jitter, random))


def collate(tiles: Sequence[Batch]) -> Batch:
    """Return several batches of tiles of one size as one, in order."""
    return Batch(
        images=torch.cat([tile.images for tile in tiles]),
        targets=tuple(target for tile in tiles for target in tile.targets),
        labelled=torch.cat([tile.labelled for tile in tiles]),
    )


def _view(sample: Sample) -> View:
    height, width = sample.pixels.shape[:2]
    return View(sample.pixels, sample.points, rasterise(sample.labelled, width, height))


def _as_batch(view: View) -> Batch:
    pixels = np.ascontiguousarray(view.pixels.transpose(2, 0, 1))
    targets = Targets(
        xy=torch.from_numpy(view.points.xy.astype(np.float32)),
        class_index=torch.from_numpy(view.points.class_index.copy()),
    )
    labelled = torch.from_numpy(np.ascontiguousarray(view.labelled))
    return Batch(torch.from_numpy(pixels).unsqueeze(0), (targets,), labelled.unsqueeze(0))
