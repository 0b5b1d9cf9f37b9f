"""What a training is fed: batches in an order of its own, and whole validation tiles."""

from patherea_core.config import TrainingConfig
from patherea_core.seeding import Seed
from patherea_core.workflow.tiles import Tiles
from tests.builders import sample

SETTINGS = TrainingConfig(tile_size=32, batch_size=4)


def test_all_tiles_come_in_batches_and_validation_samples_as_they_are() -> None:
    training, validation = [sample(size=(96, 96))], [sample(name="v1"), sample(name="v2")]
    tiles = Tiles(training, validation, SETTINGS, Seed(0), workers=0)
    assert [len(batch.images) for batch in tiles.train_dataloader()] == [4, 4, 1]
    assert list(tiles.val_dataloader()) == validation
