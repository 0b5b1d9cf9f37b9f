"""A tile depends on seed, epoch and row alone, and why there is none arrives in one sentence."""

import pickle
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from patherea_core.errors import Cancelled, ShapeError, SlideError
from patherea_core.geometry import Pixels
from patherea_core.progress import Silent
from patherea_core.seeding import Seed
from patherea_core.workflow.pretraining.loading import Tiles, collate, collate_copied
from patherea_core.workflow.pretraining.tiles import DrawnTiles, Tile, oriented, read_held_out
from tests.core.workflow.pretraining.blots import TINY, Blots
from tests.fakes import RecordingProgress


def tile(tiles: DrawnTiles, epoch: int, row: int) -> Tile:
    """Return a tile that is there."""
    found = tiles[epoch, row]
    assert isinstance(found, Tile)
    return found


def test_a_tile_depends_on_seed_epoch_and_row_and_not_on_who_asks() -> None:
    tiles = DrawnTiles(Blots(), TINY, Seed(1))
    elsewhere = pickle.loads(pickle.dumps(tiles))  # noqa: S301  as it comes to a worker
    tile(elsewhere, 0, 3)
    assert np.array_equal(tile(tiles, 2, 5).pixels, tile(elsewhere, 2, 5).pixels)
    others = [tile(tiles, 2, 6), tile(tiles, 3, 5), tile(DrawnTiles(Blots(), TINY, Seed(2)), 2, 5)]
    assert not any(np.array_equal(tile(tiles, 2, 5).pixels, other.pixels) for other in others)


def test_all_eight_orientations_come_equally_often() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    random = np.random.default_rng(0)
    counts = Counter(oriented(pixels, random).tobytes() for _ in range(800))
    assert len(counts) == 8
    assert min(counts.values()) > 60


def test_other_looks_change_colours_and_leave_the_place_alone() -> None:
    plain = tile(DrawnTiles(Blots(), TINY, Seed(1)), 0, 0).pixels
    changed = TINY.model_copy(update={"colour_jitter": 0.3, "stain_jitter": 0.2, "blur": 0.5})
    other = tile(DrawnTiles(Blots(), changed, Seed(1)), 0, 0).pixels
    assert not np.array_equal(plain, other)
    darkest = [np.unravel_index(one.sum(axis=2).argmin(), one.shape[:2]) for one in (plain, other)]
    assert np.abs(np.subtract(*darkest)).max() <= 2


def test_a_tile_that_cannot_be_read_arrives_as_its_reason() -> None:
    tiles = DrawnTiles(Blots(broken=True), TINY, Seed(1))
    reason = collate([tile(DrawnTiles(Blots(), TINY, Seed(1)), 0, 0), tiles[0, 1]])
    assert isinstance(reason, SlideError)
    assert str(reason) == "blots.png cannot be read; put it back"


@pytest.mark.parametrize("collated", [collate, collate_copied])
def test_a_batch_travels_with_its_rows(collated: object) -> None:
    tiles = DrawnTiles(Blots(), TINY, Seed(1))
    assert callable(collated)
    batch = collated([tile(tiles, 4, 2), tile(tiles, 4, 7)])
    arrived = pickle.loads(pickle.dumps(batch))  # noqa: S301  as it comes from a worker
    assert type(arrived) is Tiles
    assert arrived.rows.tolist() == [[4, 2], [4, 7]]
    assert torch.equal(arrived.images, batch.images)
    assert torch.equal(
        batch.images[1].permute(1, 2, 0), torch.from_numpy(tile(tiles, 4, 7).pixels.copy())
    )


@dataclass(frozen=True)
class Greedy(Blots):
    """A source that gives more than was asked for."""

    def sample(self, count: int, side: int, random: np.random.Generator) -> Pixels:
        """Return one tile too many."""
        return super().sample(count + 1, side, random)


def test_a_source_that_gives_something_else_is_named() -> None:
    with pytest.raises(ShapeError, match=r"not \(2, 64, 64, 3\) .*drawings of blots"):
        read_held_out(Greedy(), TINY, Seed(1), Silent())


@pytest.mark.parametrize(("of_an_epoch", "held_out"), [(8, 8), (320, 20), (100_000, 64)])
def test_there_are_as_many_held_out_tiles_as_suit_an_epoch(of_an_epoch: int, held_out: int) -> None:
    config = TINY.model_copy(update={"tiles_per_epoch": of_an_epoch, "tile_size": 32})
    assert read_held_out(Blots(), config, Seed(1), Silent()).shape == (held_out, 3, 32, 32)


def test_held_out_tiles_stay_the_same_whatever_is_learnt_from() -> None:
    other = TINY.model_copy(update={"colour_jitter": 0.3, "epochs": 9, "batch_size": 1})
    found = [read_held_out(Blots(), config, Seed(1), Silent()) for config in (TINY, other)]
    assert torch.equal(*found)


def test_reading_held_out_tiles_can_be_stopped() -> None:
    with pytest.raises(Cancelled):
        read_held_out(Blots(), TINY, Seed(1), RecordingProgress(stop_at=0.5))
