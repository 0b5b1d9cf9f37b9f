"""Training tiles depend on seed, epoch and row only, and agree with their labels."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from patherea_core.batch import Batch
from patherea_core.config import TrainingConfig
from patherea_core.data.dataset import TileDataset, collate
from patherea_core.data.order import EpochOrder
from patherea_core.data.sample import Sample
from patherea_core.errors import DatasetError
from patherea_core.points import Points
from patherea_core.seeding import Seed
from tests.builders import dots, points, ring, sample, scattered, square

#: All augmentation at once.
EVERYTHING = {
    "colour_jitter": 0.1,
    "stain_jitter": 0.2,
    "scale_jitter": 0.2,
    "blur": 1.0,
    "class_balanced_crops": 0.5,
}


def dotted_sample(name: str = "dots", *, side: int = 96) -> Sample:
    area = ring(8, 8, side - 16, 20)
    inner = scattered(area, 30, inset=1.0)
    plain = sample(inner, name=name, size=(side, side), labelled=area)
    return Sample(
        plain.record, dots(inner.xy, side, side), inner, plain.element_ids, plain.labelled
    )


def dataset(*samples: Sample, seed: int = 0, **settings: float) -> TileDataset:
    chosen = TrainingConfig.model_validate({"tile_size": 32, **settings})
    return TileDataset(samples or [dotted_sample()], chosen, Seed(seed))


def epoch_of(tiles: TileDataset, epoch: int = 0) -> list[Batch]:
    return [tiles[epoch, row] for row in range(len(tiles))]


def equal(one: Batch, other: Batch) -> bool:
    return (
        torch.equal(one.images, other.images)
        and torch.equal(one.labelled, other.labelled)
        and all(
            torch.equal(a.xy, b.xy) and torch.equal(a.class_index, b.class_index)
            for a, b in zip(one.targets, other.targets, strict=True)
        )
    )


def test_a_tile_is_a_batch_of_one() -> None:
    tile = dataset()[0, 0]
    assert (tile.images.shape, tile.images.dtype) == ((1, 3, 32, 32), torch.uint8)
    assert (tile.labelled.shape, tile.labelled.dtype) == ((1, 32, 32), torch.bool)
    assert (tile.targets[0].xy.dtype, tile.targets[0].class_index.dtype) == (
        torch.float32,
        torch.int64,
    )


def test_targets_lie_on_the_dots_of_the_image() -> None:
    tiles = dataset()
    seen = 0
    for tile in epoch_of(tiles):
        image, (target,) = tile.images[0, 0], tile.targets
        columns, rows = target.xy.floor().to(torch.int64).T
        assert (image[rows, columns] > 180).all()
        assert tile.labelled[0, rows, columns].all()
        seen += len(target)
    assert seen > 0


def test_an_epoch_has_as_many_tiles_as_cover_the_labelled_area() -> None:
    one = sample(size=(96, 64), labelled=square(0, 0, 64))
    assert len(dataset(one)) == 4
    assert len(dataset(one, sample(name="s2", size=(96, 64)))) == 4 + 6


def test_a_small_labelled_area_still_has_a_tile() -> None:
    assert len(dataset(sample(Points.none(), labelled=square(0, 0, 3)))) == 1


def test_every_sample_has_its_rows() -> None:
    dark = sample(points((1, 1, 0)), size=(64, 64))
    bright = sample(points((1, 1, 1)), name="s2", size=(64, 64))
    tiles = dataset(dark, bright, tile_size=64)
    classes = [tile.targets[0].class_index.tolist() for tile in epoch_of(tiles)]
    assert classes == [[0], [1]]


def test_tiles_do_not_depend_on_the_order_in_which_they_are_asked_for() -> None:
    forwards, backwards = dataset(seed=0, **EVERYTHING), dataset(seed=0, **EVERYTHING)
    there = epoch_of(forwards)
    back = [backwards[0, row] for row in reversed(range(len(backwards)))]
    assert all(equal(a, b) for a, b in zip(there, reversed(back), strict=True))


def test_another_epoch_or_seed_gives_other_tiles() -> None:
    first, other_seed = dataset(), dataset(seed=1)
    assert not equal(first[0, 0], other_seed[0, 0])
    assert not equal(first[0, 0], first[1, 0])
    assert equal(first[1, 0], dataset()[1, 0])


# Newer Pythons warn of forking beside threads, and PyTorch of more workers than cores.
@pytest.mark.filterwarnings(
    "ignore:.*fork:DeprecationWarning", "ignore:.*worker processes:UserWarning"
)
def test_tiles_do_not_depend_on_the_number_of_workers_even_if_those_outlive_an_epoch() -> None:
    tiles = dataset(seed=0, **EVERYTHING)
    order = EpochOrder(len(tiles), Seed(0))
    loader = DataLoader(
        tiles,
        batch_size=2,
        sampler=order,
        collate_fn=collate,
        num_workers=2,
        persistent_workers=True,
        multiprocessing_context="fork",
    )
    for epoch in (0, 1):
        order.set_epoch(epoch)
        assert equal(collate(list(loader)), collate([tiles[key] for key in order]))


def test_recolouring_moves_no_tile() -> None:
    plain, changed = dataset(), dataset(stain_jitter=0.2, blur=1.0, colour_jitter=0.1)
    for row in range(len(plain)):
        one, other = plain[0, row], changed[0, row]
        assert torch.equal(one.targets[0].xy, other.targets[0].xy)
        assert torch.equal(one.labelled, other.labelled)
        assert not torch.equal(one.images, other.images)


def test_targets_lie_on_the_dots_whatever_the_scale() -> None:
    tiles = dataset(scale_jitter=0.3)
    counts = []
    for tile in epoch_of(tiles, 0) + epoch_of(tiles, 1):
        (target,) = tile.targets
        columns, rows = target.xy.floor().to(torch.int64).T
        assert (tile.images[0, 0][rows, columns] > 130).all()
        counts.append(len(target))
    assert sum(counts) > 0


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_balanced_crops_raise_the_share_of_tiles_with_a_rare_class_as_computed(
    share: float,
) -> None:
    # One image in 16 has the one rare cell; a tile is as large as an image.
    common = [sample(points((16, 16, 0)), name=f"s{n}", size=(32, 32)) for n in range(15)]
    rare = sample(points((16, 16, 1)), name="rare", size=(32, 32))
    tiles = dataset(*common, rare, class_balanced_crops=share)
    assert len(tiles) == 16
    shown = [
        int(tile.targets[0].class_index) for epoch in range(40) for tile in epoch_of(tiles, epoch)
    ]
    expected = (1 - share) / 16 + share / 2
    assert np.mean(np.equal(shown, 1)) == pytest.approx(expected, abs=0.06)


def test_a_balanced_tile_shows_the_cell_it_was_drawn_for() -> None:
    tiles = dataset(sample(points((3, 60, 0), (90, 5, 1)), size=(96, 64)), class_balanced_crops=1.0)
    assert all(len(tile.targets[0]) for epoch in range(5) for tile in epoch_of(tiles, epoch))


def test_samples_without_any_cell_can_be_balanced_too() -> None:
    assert len(dataset(sample(Points.none()), class_balanced_crops=1.0)[0, 0].targets[0]) == 0


def test_collated_tiles_keep_their_order() -> None:
    tiles = dataset()
    batch = collate([tiles[0, 2], tiles[0, 0]])
    assert batch.images.shape == (2, 3, 32, 32)
    assert torch.equal(batch.images[1], tiles[0, 0].images[0])
    assert len(batch.targets[0]) == len(tiles[0, 2].targets[0])


def test_a_sample_smaller_than_a_tile_is_padded_with_unlabelled_white() -> None:
    tile = dataset(sample(), tile_size=64)[0, 0]
    assert int(tile.labelled.sum()) == 48 * 32
    padding = ~tile.labelled[0]
    assert (tile.images[0, :, padding] == 255).all()
    assert len(tile.targets[0]) == 2


def test_pixels_of_a_sample_are_never_written_to() -> None:
    one = dotted_sample()
    before = one.pixels.copy()
    tiles = dataset(one)
    for tile in epoch_of(tiles):
        tile.images.zero_()
    assert np.array_equal(one.pixels, before)


@pytest.mark.parametrize("row", [-1, 9999])
def test_a_row_beyond_the_epoch_is_refused(row: int) -> None:
    with pytest.raises(IndexError):
        dataset()[0, row]


def test_no_samples_are_refused() -> None:
    with pytest.raises(DatasetError, match="no samples to train on"):
        TileDataset([], TrainingConfig(), Seed(0))


def test_with_a_reach_tiles_are_the_same_but_less_of_them_is_labelled() -> None:
    whole = dotted_sample()
    plain = TileDataset([whole], TrainingConfig(tile_size=32), Seed(0))
    near = TileDataset([whole], TrainingConfig(tile_size=32), Seed(0), reach=6.0)
    fewer = 0
    for one, other in zip(epoch_of(plain), epoch_of(near), strict=True):
        assert equal(one, replace(other, labelled=one.labelled))
        assert not (other.labelled & ~one.labelled).any()
        fewer += int(one.labelled.sum() - other.labelled.sum())
    assert fewer > 0
