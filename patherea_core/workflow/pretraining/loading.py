"""How the tiles of a pretraining come in batches, from whatever process reads them."""

import multiprocessing
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from patherea_core.data.order import EpochOrder
from patherea_core.errors import PathereaError
from patherea_core.workflow.engine.loading import (
    Machine,
    chosen_workers,
    loader_settings,
    shared_memory_suffices,
)
from patherea_core.workflow.engine.workers import UndisturbedLoader
from patherea_core.workflow.pretraining.tiles import DrawnTiles, Tile, planes


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """A batch of tiles.

    Attributes:
        images: (B, 3, S, S) uint8 RGB.
        rows: (B, 2) int64, epoch and row of each; what is hidden of a tile depends on these.
    """

    images: Tensor
    rows: Tensor

    def to(self, device: torch.device) -> "Tiles":
        """Return the batch with its images on another device."""
        return Tiles(self.images.to(device, non_blocking=device.type != "cpu"), self.rows)

    def pin_memory(self) -> "Tiles":
        """Return the batch in memory that a GPU can fetch from by itself."""
        return Tiles(self.images.pin_memory(), self.rows)


class _Copied(Tiles):
    """A batch that arrives in another process as a plain batch, without shared memory."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpacked, (self.images.numpy(), self.rows.numpy())


def _unpacked(images: Any, rows: Any) -> Tiles:  # noqa: ANN401  arrays
    return Tiles(torch.from_numpy(images), torch.from_numpy(rows))


def collate(
    tiles: Sequence[Tile | PathereaError], kind: type[Tiles] = Tiles
) -> Tiles | PathereaError:
    """Return several tiles as a batch, or why one of them is none."""
    there: list[Tile] = []
    for tile in tiles:
        if isinstance(tile, PathereaError):
            return tile
        there.append(tile)
    images = torch.stack([planes(tile.pixels) for tile in there])
    return kind(images, torch.tensor([(tile.epoch, tile.row) for tile in there]))


def collate_copied(tiles: Sequence[Tile | PathereaError]) -> Tiles | PathereaError:
    """Return the same, to be copied between processes."""
    return collate(tiles, _Copied)


class Loading(lightning.LightningDataModule):
    """The batches of every epoch, and those of the held-out tiles.

    Args:
        drawn: the tiles to learn from.
        held_out: (N, 3, S, S) uint8 tiles that are not learnt from.
        shape: tiles of a batch, and the side of a tile in pixels.
        order: in which they are shown; depends on the number of this process and of all.
        workers: processes that read tiles; None leaves the choice to the program.
    """

    def __init__(
        self,
        drawn: DrawnTiles,
        held_out: Tensor,
        shape: tuple[int, int],
        order: Callable[[int, int], EpochOrder],
        workers: int | None,
    ) -> None:
        super().__init__()
        self._drawn = drawn
        self._held_out = held_out
        self._shape = shape
        self._order = order
        self._workers = workers
        self._loader: DataLoader[Tile | PathereaError] | None = None

    def train_dataloader(self) -> DataLoader[Tile | PathereaError]:
        """Return the batches of an epoch; it is the same loader for every epoch, so that workers live on."""
        if self._loader is None:
            self._loader = self._new_loader()
        if self.trainer is not None and isinstance(self._loader.sampler, EpochOrder):
            self._loader.sampler.set_epoch(self.trainer.current_epoch)
        return self._loader

    def val_dataloader(self) -> DataLoader[Tensor]:
        """Return the held-out tiles in batches, the same for all processes."""
        batches: Any = torch.split(self._held_out, self._shape[0])  # which serves as a dataset
        return DataLoader(batches, batch_size=None)

    def _new_loader(self) -> DataLoader[Tile | PathereaError]:
        trainer, (count, side) = self.trainer, self._shape
        assert trainer is not None
        devices, gpu = trainer.world_size, trainer.strategy.root_device.type == "cuda"
        machine = Machine.this(gpu=gpu, devices=devices)
        workers = chosen_workers(self._workers, machine)
        shared = not workers or shared_memory_suffices(workers, count * 3 * side**2, machine)
        return UndisturbedLoader(
            self._drawn,
            batch_size=count,
            sampler=self._order(trainer.global_rank, devices),
            collate_fn=collate if shared else collate_copied,
            # What reads slides may have threads and open files, which a forked process cannot share.
            multiprocessing_context=multiprocessing.get_context("spawn") if workers else None,
            **loader_settings(workers, machine),
        )
