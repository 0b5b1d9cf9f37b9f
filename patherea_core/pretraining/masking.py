"""Tiles as squares of pixels, the cells of a mask, and which of them are hidden.

The cells of an image of R × C of them are counted row by row, as a transformer counts its patches.
"""

import numpy as np
import torch
from torch import Tensor

from patherea_core.errors import InputError, ShapeError


def drawn_cells(count: int, side: int, share: float, random: np.random.Generator) -> Tensor:
    """Return (count, side, side) bool, True where a cell is hidden, equally many in each tile.

    Args:
        count: tiles.
        side: cells along the side of a tile.
        share: of the cells that is hidden, rounded to whole cells.
        random: from where the cells are drawn.

    Raises:
        InputError: that share hides no cell at all, or all of them.
    """
    hidden = hidden_count(side, share)
    ranks = random.random((count, side * side)).argsort(axis=1).argsort(axis=1)
    return torch.from_numpy(ranks < hidden).reshape(count, side, side)


def require_whole_cells(cell: int, height: int, width: int) -> None:
    """Raise ShapeError unless tiles of these sides have a whole number of cells of that side, in pixels."""
    if height % cell or width % cell or not height or not width:
        near = max(2, round(height / cell)) * cell
        raise ShapeError(
            f"the sides of a tile must be multiples of {cell} pixels for this backbone, not"
            f" {height} × {width}; take tiles of another side (--tile), say {near}"
        )


def hidden_count(side: int, share: float) -> int:
    """Return how many of the side² cells of a tile are hidden, to hide that share of them.

    Raises:
        InputError: that is none at all, or all of them.
    """
    hidden = round(share * side * side)
    if not 0 < hidden < side * side:
        raise InputError(
            f"a tile of {side} × {side} cells cannot hide {share:g} of them and show the rest; take larger"
            " tiles (--tile), or hide another share (--mask-ratio)"
        )
    return hidden


def visible_cells(hidden: Tensor) -> Tensor:
    """Return the (B, V) numbers of the cells that are not hidden, rising, from (B, R, C) bool.

    Raises:
        ShapeError: images hide different numbers of cells, or all of them.
    """
    flat = hidden.flatten(1)
    counts = (~flat).sum(dim=1)
    count = int(counts[0])
    if not count or (counts != count).any():
        raise ShapeError(
            "every image must hide the same number of cells, and not all of them, but"
            f" {counts.tolist()} of {flat.shape[1]} are visible"
        )
    return flat.byte().argsort(dim=1, stable=True)[:, :count]


def as_cells(images: Tensor, cell: int) -> Tensor:
    """Return (B, R · C, 3 · cell²) pixels of the cells of (B, 3, R · cell, C · cell) images."""
    batch, channels, height, width = images.shape
    squares = images.reshape(batch, channels, height // cell, cell, width // cell, cell)
    return squares.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * cell * cell)


def as_images(cells: Tensor, rows: int, cell: int) -> Tensor:
    """Return the (B, 3, R · cell, C · cell) images that have these cells, in R rows."""
    batch, count, numbers = cells.shape
    channels, columns = numbers // (cell * cell), count // rows
    squares = cells.reshape(batch, rows, columns, channels, cell, cell)
    return squares.permute(0, 3, 1, 4, 2, 5).reshape(batch, channels, rows * cell, columns * cell)


def enlarged(hidden: Tensor, height: int, width: int) -> Tensor:
    """Return (B, height, width) bool of (B, R, C) cells, each as many sites as there are in it.

    Raises:
        InputError: the cells have no whole number of sites.
    """
    rows, columns = hidden.shape[-2:]
    if height % rows or width % columns:
        raise InputError(
            f"a feature map of {height} × {width} sites cannot be divided into {rows} × {columns} cells; take"
            " a backbone that pads its input and looks at no tile as a whole"
        )
    taller = hidden.repeat_interleave(height // rows, dim=-2)
    return taller.repeat_interleave(width // columns, dim=-1)
