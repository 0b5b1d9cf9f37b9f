"""Pictures show a few held-out tiles, and there are not too many of them."""

import io

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from patherea_core.geometry import Pixels
from patherea_core.workflow.pretraining.pictures import Shown, is_pictured

#: Pixels above the tiles.
CAPTION = 18
MEAN, STD = torch.zeros(1, 3, 1, 1), torch.ones(1, 3, 1, 1)


def drawn(shown: Shown) -> Pixels:
    content = shown.png(MEAN, STD)
    assert content is not None
    return np.asarray(Image.open(io.BytesIO(content)))


def test_a_row_shows_cells_hidden_then_filled_in_then_as_they_are() -> None:
    shown = Shown()
    red, blue = torch.tensor([1.0, 0, 0]), torch.tensor([0, 0, 1.0])
    images, filled = (colour.reshape(1, 3, 1, 1).expand(1, 3, 32, 32) for colour in (red, blue))
    hidden = torch.tensor([[[True, False], [False, False]]])
    shown.add(images, filled, hidden)
    picture = drawn(shown)
    # Each pixel of the tile is a square of five, below the captions.
    assert picture.shape == (CAPTION + 160, 3 * 160 + 2 * 4, 3)
    tiles = picture[CAPTION:]
    assert tiles[4, 4].tolist() == [128, 128, 128]
    assert tiles[79, 79].tolist() == [128, 128, 128]
    assert tiles[80, 80].tolist() == [255, 0, 0]
    assert tiles[4, 164 + 4].tolist() == [0, 0, 255]
    assert tiles[4, 328 + 4].tolist() == [255, 0, 0]
    assert tiles[4, 162].tolist() == [255, 255, 255]


def test_every_column_has_a_caption_of_its_own() -> None:
    shown = Shown()
    shown.add(torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64), torch.zeros(2, 2, 2) > 0)
    band = drawn(shown)[:CAPTION]
    step = 128 + 4
    captions = [band[:, start : start + 128] < 128 for start in (0, step, 2 * step)]
    assert all(ink.any() for ink in captions)
    assert len({ink.tobytes() for ink in captions}) == 3
    assert all((band[:, start + 100 : start + step] == 255).all() for start in (0, step))


def test_the_first_tiles_are_shown_however_they_come() -> None:
    images, hidden = torch.rand(9, 3, 32, 32), torch.rand(9, 2, 2) < 0.5
    at_once, parted = Shown(), Shown()
    at_once.add(images, images, hidden)
    for start in range(0, 9, 2):
        parted.add(*(part[start : start + 2] for part in (images, images, hidden)))
    assert np.array_equal(drawn(at_once), drawn(parted))
    assert len(drawn(at_once)) == CAPTION + 4 * 164 - 4


def test_large_tiles_are_drawn_small() -> None:
    shown = Shown()
    shown.add(torch.rand(1, 3, 512, 512), torch.rand(1, 3, 512, 512), torch.zeros(1, 2, 2) > 0)
    assert drawn(shown).shape == (CAPTION + 160, 3 * 164 - 4, 3)


def test_where_nothing_is_shown_there_is_no_picture() -> None:
    assert Shown().png(MEAN, STD) is None


@given(st.integers(1, 5000))
def test_a_run_has_a_picture_of_its_first_and_last_epoch_and_few_of_many(epochs: int) -> None:
    pictured = [epoch for epoch in range(epochs) if is_pictured(epoch, epochs)]
    assert pictured[0] == 0
    assert pictured[-1] == epochs - 1
    assert len(pictured) == epochs if epochs <= 200 else len(pictured) <= 201
