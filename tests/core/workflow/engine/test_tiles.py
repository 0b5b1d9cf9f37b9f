"""What a training is fed: batches in an order of its own, and whole validation tiles."""

import logging
import warnings
from dataclasses import replace

import lightning
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from patherea_core.batch import Batch
from patherea_core.config import TrainingConfig
from patherea_core.seeding import Seed
from patherea_core.workflow.engine import loading
from patherea_core.workflow.engine.tiles import Tiles
from tests.builders import points, sample

SETTINGS = TrainingConfig(
    tile_size=32, batch_size=4, scale_jitter=0.2, stain_jitter=0.2, class_balanced_crops=0.5
)
EPOCHS = 3


def tiles(*, workers: int | None = 0) -> Tiles:
    training = [sample(points((9, 9, 0), (50, 60, 1)), size=(96, 96))]
    return Tiles(training, [sample(name="v1"), sample(name="v2")], SETTINGS, Seed(0), workers)


class Onlooker(lightning.LightningModule):
    """Learns nothing; remembers batches, and the processes that made them."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.batches: list[tuple[int, Tensor, Tensor]] = []
        self.workers: list[list[int]] = []

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        positions = torch.cat([target.xy for target in batch.targets])
        self.batches.append((self.current_epoch, batch.images, positions))
        return self.weight * 1.0

    def on_train_epoch_end(self) -> None:
        iterator = self.trainer.train_dataloader._iterator  # type: ignore[union-attr]
        self.workers.append([worker.pid for worker in getattr(iterator, "_workers", [])])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def looked_on(data: Tiles, *, reload: int = 0) -> Onlooker:
    onlooker = Onlooker()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            accelerator="cpu",
            max_epochs=EPOCHS,
            reload_dataloaders_every_n_epochs=reload,
            limit_val_batches=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )
        trainer.fit(onlooker, datamodule=data)
    return onlooker


def same(one: Onlooker, other: Onlooker) -> bool:
    pairs = zip(one.batches, other.batches, strict=True)
    return all(
        a[0] == b[0] and torch.equal(a[1], b[1]) and torch.equal(a[2], b[2]) for a, b in pairs
    )


def test_all_tiles_come_in_batches() -> None:
    assert [len(batch.images) for batch in tiles().train_dataloader()] == [4, 4, 1]


def test_every_batch_can_name_the_samples_that_its_tiles_are_cut_from() -> None:
    training = [
        replace(one, pixels=np.full_like(one.pixels, shade))
        for shade, one in (
            (shade, sample(points((9, 9, shade % 2)), name=f"shade-{shade}", size=(64, 64)))
            for shade in range(5)
        )
    ]
    plain = SETTINGS.model_copy(update={"stain_jitter": 0.0, "scale_jitter": 0.0})
    data = Tiles(training, training, plain, Seed(0), 0)
    loader = data.train_dataloader()
    for epoch in range(2):
        loader.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
        for number, batch in enumerate(loader):
            shades = [int(image.unique()) for image in batch.images]
            assert data.names(epoch, number) == tuple(f"shade-{shade}" for shade in shades)


def test_validation_samples_come_whole_and_in_order() -> None:
    data = tiles()
    assert list(data.val_dataloader()) == data.validation


@pytest.mark.parametrize("reload", [0, 1])
def test_workers_live_through_all_epochs_and_change_nothing(reload: int) -> None:
    alone, helped = looked_on(tiles()), looked_on(tiles(workers=1), reload=reload)
    assert same(alone, helped)
    assert [epoch for epoch, _, _ in alone.batches] == [0] * 3 + [1] * 3 + [2] * 3
    assert len(helped.workers) == EPOCHS
    assert len(set(map(tuple, helped.workers))) == 1
    assert len(helped.workers[0]) == 1


def test_every_epoch_has_its_own_tiles() -> None:
    batches = looked_on(tiles()).batches
    assert not torch.equal(batches[0][1], batches[3][1])


def test_hardly_any_shared_memory_changes_nothing_and_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(loading, "_free_shared_memory", lambda: 1000)
    with caplog.at_level(logging.WARNING, logger=loading.__name__):
        helped = looked_on(tiles(workers=1), reload=1)
    assert same(looked_on(tiles()), helped)
    assert sum(record.name == loading.__name__ for record in caplog.records) == 1
