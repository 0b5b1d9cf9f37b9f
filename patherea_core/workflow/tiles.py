"""What a network is trained and validated on: random training tiles, and whole validation tiles."""

from pathlib import Path

import lightning
from torch.utils.data import DataLoader

from patherea_core.batch import Batch
from patherea_core.config import TrainingConfig
from patherea_core.data.dataset import TileDataset, collate
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import Sample, read_sample
from patherea_core.errors import DatasetError
from patherea_core.progress import Progress
from patherea_core.seeding import Seed


def read_folds(
    dataset: Path, manifest: Manifest, validation_fold: int, progress: Progress
) -> tuple[list[Sample], list[Sample]]:
    """Return the samples to train on and those to validate on, in the manifest's order.

    Raises:
        DatasetError: a file is missing, broken or not the one that was written, or one of the two is
            empty, which is found before any sample is read.
        Cancelled: the progress asked to stop.
    """
    folds = [record.fold for record in manifest.samples]
    if validation_fold not in folds or set(folds) == {validation_fold}:
        role = "left to train on" if validation_fold in folds else "to validate on"
        raise DatasetError(
            f"with validation fold {validation_fold} of {manifest.folds}, {dataset} has no tile {role};"
            " name another fold, or export with more patients or regions"
        )
    training: list[Sample] = []
    validation: list[Sample] = []
    for number, record in enumerate(manifest.samples):
        progress.advance(number / len(folds), "reading the dataset")
        sample = read_sample(dataset, manifest, record)
        (validation if record.fold == validation_fold else training).append(sample)
    return training, validation


class Tiles(lightning.LightningDataModule):
    """Training tiles, cut anew for every epoch, and whole validation tiles."""

    def __init__(
        self, training: list[Sample], validation: list[Sample], settings: TrainingConfig, seed: Seed
    ) -> None:
        super().__init__()
        self.batch_size = settings.batch_size
        self.seed = seed
        self.validation = validation
        self.training = TileDataset(
            training,
            tile_size=settings.tile_size,
            seed=seed,
            colour_jitter=settings.colour_jitter,
        )

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return the batches of the epoch that begins, in an order that depends on seed and epoch only."""
        epoch = self.trainer.current_epoch if self.trainer is not None else 0
        self.training.set_epoch(epoch)
        order = self.seed.stream("order", epoch).permutation(len(self.training)).tolist()
        return DataLoader(
            self.training, batch_size=self.batch_size, sampler=order, collate_fn=collate
        )

    def val_dataloader(self) -> DataLoader[Sample]:
        """Return the validation tiles, one by one."""
        return DataLoader(self.validation, batch_size=None)  # type: ignore[arg-type]  # a list serves
