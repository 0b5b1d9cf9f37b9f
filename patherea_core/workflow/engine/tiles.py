"""What a network is trained and validated on: random training tiles, and whole validation tiles."""

from collections.abc import Sequence

import lightning
from torch.utils.data import DataLoader

from patherea_core.batch import Batch
from patherea_core.config import TrainingConfig
from patherea_core.data.cache import labels_of
from patherea_core.data.dataset import TileDataset
from patherea_core.data.order import EpochOrder
from patherea_core.data.store import Sample
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.loading import Machine, tile_loader


class Tiles(lightning.LightningDataModule):
    """Training tiles, cut anew for every epoch, and whole validation tiles.

    Args:
        training: samples that tiles are cut from.
        validation: samples that are shown as they are.
        settings: size, augmentation and balance of the tiles.
        seed: root of all chance; the tiles do not depend on anything else.
        workers: processes that cut tiles; None leaves the choice to the program.
        reach: as for ``TileDataset``.
    """

    def __init__(
        self,
        training: Sequence[Sample],
        validation: Sequence[Sample],
        settings: TrainingConfig,
        seed: Seed,
        workers: int | None = None,
        reach: float = 0.0,
    ) -> None:
        super().__init__()
        self.settings = settings
        self.seed = seed
        self.workers = workers
        self.validation = validation
        self.training = TileDataset(training, settings, seed, reach)
        self._names = [one.record.id for one in labels_of(training)]
        self._loader: DataLoader[Batch] | None = None

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the batches of an epoch, in an order that depends on seed and epoch only.

        It is the same loader for every epoch, so that workers live on; Lightning tells its sampler of
        each epoch. The first may be any one, where a training is resumed.
        """
        if self._loader is None:
            self._loader = self._new_loader()
        if self.trainer is not None and isinstance(self._loader.sampler, EpochOrder):
            self._loader.sampler.set_epoch(self.trainer.current_epoch)
        return self._loader

    def names(self, epoch: int, batch: int) -> tuple[str, ...]:
        """Return the samples that the tiles of a batch are cut from; epochs and batches count from 0."""
        order = self._order()
        order.set_epoch(epoch)
        start = batch * self.settings.batch_size
        shown = [*order][start : start + self.settings.batch_size]
        return tuple(self._names[self.training.sample_of(*one)] for one in shown)

    def _order(self) -> EpochOrder:
        trainer = self.trainer
        rank, devices = (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)
        return EpochOrder(len(self.training), self.seed, rank=rank, devices=devices)

    def _new_loader(self) -> DataLoader[Batch]:
        trainer, settings = self.trainer, self.settings
        devices, gpu = 1, False
        if trainer is not None:
            devices, gpu = trainer.world_size, trainer.strategy.root_device.type == "cuda"
        shape = settings.batch_size, settings.tile_size
        machine = Machine.this(gpu=gpu, devices=devices)
        return tile_loader(self.training, self._order(), shape, self.workers, machine)

    def val_dataloader(self) -> DataLoader[Sample]:
        """Return the validation tiles, one by one."""
        return DataLoader(self.validation, batch_size=None)  # type: ignore[arg-type]  # a list serves
