"""What a network is trained and validated on: random training tiles, and whole validation tiles."""

from collections.abc import Sequence

import lightning
from torch.utils.data import DataLoader

from patherea_core.batch import Batch
from patherea_core.config import TrainingConfig
from patherea_core.data.dataset import TileDataset, collate
from patherea_core.data.order import EpochOrder
from patherea_core.data.store import Sample
from patherea_core.seeding import Seed


class Tiles(lightning.LightningDataModule):
    """Training tiles, cut anew for every epoch, and whole validation tiles."""

    def __init__(
        self,
        training: Sequence[Sample],
        validation: Sequence[Sample],
        settings: TrainingConfig,
        seed: Seed,
        workers: int | None = None,
    ) -> None:
        super().__init__()
        self.batch_size = settings.batch_size
        self.seed = seed
        self.workers = workers
        self.validation = validation
        self.training = TileDataset(training, settings, seed)

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the batches of the epoch that begins, in an order that depends on seed and epoch only."""
        order = EpochOrder(len(self.training), self.seed)
        order.set_epoch(self.trainer.current_epoch if self.trainer is not None else 0)
        return DataLoader(
            self.training, batch_size=self.batch_size, sampler=order, collate_fn=collate
        )

    def val_dataloader(self) -> DataLoader[Sample]:
        """Return the validation tiles, one by one."""
        return DataLoader(self.validation, batch_size=None)  # type: ignore[arg-type]  # a list serves
