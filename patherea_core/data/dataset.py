"""Samples as a torch dataset of random training tiles."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.utils.data import Dataset

from patherea_core.batch import Batch, Targets
from patherea_core.config import TrainingConfig
from patherea_core.data.augment import View, augmented
from patherea_core.data.cache import StoredSamples, labels_of
from patherea_core.data.raster import rasterise
from patherea_core.data.sampling import (
    BalancedCells,
    Cell,
    cell_window,
    labelled_window,
    window_side,
)
from patherea_core.data.store import Sample
from patherea_core.errors import DatasetError
from patherea_core.geometry import Box
from patherea_core.seeding import Seed


class TileDataset(Dataset[Batch]):
    """Random tiles of labelled samples; an epoch has as many as cover the labelled area once.

    A tile is asked for by its epoch, counted from 0, and its row. It depends on the seed and these two
    only: not on the order in which tiles are asked for, nor on the number of workers. A row always shows
    the same sample, unless the settings want it to show a cell of a rare class.

    Args:
        samples: at least one.
        settings: size, augmentation and balance of the tiles.
        seed: root of all chance.
        reach: a tile is unlabelled where a cell beyond its edge is nearer than so many of its pixels.

    Raises:
        DatasetError: there are no samples.
    """

    def __init__(
        self, samples: Sequence[Sample], settings: TrainingConfig, seed: Seed, reach: float = 0.0
    ) -> None:
        if not samples:
            raise DatasetError("there are no samples to train on")
        self._views = _Views(samples)
        self._settings = settings
        self._seed = seed
        self._reach = reach
        labels = labels_of(samples)
        self._cells = BalancedCells([one.points for one in labels])
        tiles = [max(1, round(one.labelled.area / settings.tile_size**2)) for one in labels]
        self._sample_of_row = np.repeat(np.arange(len(samples)), tiles)

    def __len__(self) -> int:
        """Return the number of tiles of an epoch."""
        return len(self._sample_of_row)

    def __getitem__(self, epoch_and_row: tuple[int, int]) -> Batch:
        """Return a batch of one tile."""
        epoch, row = epoch_and_row
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)} tiles")
        view, window = self._window(row, self._seed.stream("place", epoch, row))
        random = self._seed.stream("augment", epoch, row)
        return _as_batch(augmented(view, window, self._settings, random, self._reach))

    def sample_of(self, epoch: int, row: int) -> int:
        """Return the number of the sample that a tile is cut from."""
        random = self._seed.stream("place", epoch, row)
        window_side(self._settings, random)
        return self._chosen(row, random)[0]

    def _window(self, row: int, random: np.random.Generator) -> tuple[View, Box]:
        """Return what the tile of a row is cut from, and where."""
        side = window_side(self._settings, random)
        sample, cell = self._chosen(row, random)
        view = self._views[sample]
        if cell is not None:
            return view, cell_window(cell, view.labelled.shape, side, random)
        return view, labelled_window(view.labelled, side, random)

    def _chosen(self, row: int, random: np.random.Generator) -> tuple[int, Cell | None]:
        """Return the sample that the tile of a row shows, and the cell if it is to show a certain one."""
        if random.random() < self._settings.class_balanced_crops and len(self._cells):
            cell = self._cells.draw(random)
            return cell.sample, cell
        return int(self._sample_of_row[row]), None


def collate(tiles: Sequence[Batch]) -> Batch:
    """Return several batches of tiles of one size as one, in order."""
    return Batch(
        images=torch.cat([tile.images for tile in tiles]),
        targets=tuple(target for tile in tiles for target in tile.targets),
        labelled=torch.cat([tile.labelled for tile in tiles]),
    )


class _Views:
    """Samples with their masks, which are kept if the samples are in memory."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self._samples = samples
        in_memory = not isinstance(samples, StoredSamples)
        self._kept = [_view(sample) for sample in samples] if in_memory else None

    def __getitem__(self, number: int) -> View:
        return self._kept[number] if self._kept is not None else _view(self._samples[number])


def _view(sample: Sample) -> View:
    height, width = sample.pixels.shape[:2]
    whole = sample.labelled.bounds == (0, 0, width, height)
    if whole and sample.labelled.area == width * height:
        # Published images are labelled all over: no memory is spent on a mask, nor time.
        everywhere = np.broadcast_to(np.True_, (height, width))
        return View(sample.pixels, sample.points, everywhere)
    return View(sample.pixels, sample.points, rasterise(sample.labelled, width, height))


def _as_batch(view: View) -> Batch:
    pixels = np.ascontiguousarray(view.pixels.transpose(2, 0, 1))
    targets = Targets(
        xy=torch.from_numpy(view.points.xy.astype(np.float32)),
        class_index=torch.from_numpy(view.points.class_index.copy()),
    )
    labelled = torch.from_numpy(np.ascontiguousarray(view.labelled))
    return Batch(torch.from_numpy(pixels).unsqueeze(0), (targets,), labelled.unsqueeze(0))
