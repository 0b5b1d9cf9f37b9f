"""Cells of tiles: how they are cut, put together, drawn and counted."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError
from patherea_core.pretraining.masking import (
    as_cells,
    as_images,
    drawn_cells,
    enlarged,
    visible_cells,
)

sides = st.integers(1, 4)


@given(sides, sides, st.integers(1, 3))
def test_cells_put_together_are_the_image(rows: int, columns: int, cell: int) -> None:
    image = torch.arange(3.0 * rows * cell * columns * cell).reshape(1, 3, rows * cell, -1)
    assert torch.equal(as_images(as_cells(image, cell), rows, cell), image)


@given(sides, sides, st.data())
def test_cells_are_counted_row_by_row(rows: int, columns: int, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, rows - 1))
    column = data.draw(st.integers(0, columns - 1))
    image = torch.randn(1, 3, rows * 4, columns * 4)
    square = image[0, :, row * 4 : row * 4 + 4, column * 4 : column * 4 + 4]
    assert torch.equal(as_cells(image, 4)[0, row * columns + column], square.flatten())


@given(st.integers(2, 8), st.floats(0.2, 0.8), st.integers(0, 5))
def test_every_tile_hides_the_same_share(side: int, share: float, seed: int) -> None:
    hidden = drawn_cells(3, side, share, np.random.default_rng(seed))
    assert hidden.shape == (3, side, side)
    assert hidden.flatten(1).sum(1).tolist() == [round(share * side * side)] * 3


def test_the_same_seed_hides_the_same_cells() -> None:
    one, same, other = (drawn_cells(2, 6, 0.5, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_every_cell_is_hidden_as_often_as_another() -> None:
    share = drawn_cells(4000, 3, 2 / 3, np.random.default_rng(0)).float().mean(0)
    assert (share - 2 / 3).abs().max() < 0.04


@pytest.mark.parametrize(("side", "share"), [(1, 0.5), (2, 0.1), (2, 0.95)])
def test_a_tile_that_would_hide_nothing_or_everything_is_refused(side: int, share: float) -> None:
    with pytest.raises(InputError, match=r"cannot hide .* take larger tiles"):
        drawn_cells(1, side, share, np.random.default_rng(0))


def test_visible_cells_are_those_not_hidden_in_rising_order() -> None:
    hidden = torch.tensor([[[True, False], [False, True]], [[False, True], [True, False]]])
    assert visible_cells(hidden).tolist() == [[1, 2], [0, 3]]


def test_tiles_that_hide_different_numbers_of_cells_are_refused() -> None:
    hidden = torch.tensor([[[True, False]], [[False, False]]])
    with pytest.raises(ShapeError, match=r"same number of cells.*\[1, 2\] of 2 are visible"):
        visible_cells(hidden)
    with pytest.raises(ShapeError, match="not all of them"):
        visible_cells(torch.ones(2, 2, 2, dtype=torch.bool))


def test_a_site_is_hidden_where_its_cell_is() -> None:
    hidden = torch.tensor([[[True, False], [False, False]]])
    sites = enlarged(hidden, 4, 6)
    assert sites[0, :2, :3].all()
    assert sites.sum() == 6


def test_a_map_that_cuts_cells_is_refused() -> None:
    with pytest.raises(InputError, match="1 × 1 sites cannot be divided into 2 × 2 cells"):
        enlarged(torch.zeros(1, 2, 2, dtype=torch.bool), 1, 1)
