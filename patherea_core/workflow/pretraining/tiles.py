"""What a backbone is pretrained on: tiles drawn anew for every epoch, and a few held-out ones."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from patherea_core.data.recolour import recoloured
from patherea_core.errors import PathereaError, ShapeError
from patherea_core.geometry import Pixels
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.pretraining.tile_source import TileSource
from patherea_core.progress import Progress
from patherea_core.seeding import Seed

#: Fewest and most held-out tiles; between them a sixteenth of the tiles of an epoch.
_FEWEST_HELD_OUT, _MOST_HELD_OUT, _SHARE_HELD_OUT = 8, 64, 16


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """One tile to learn from.

    Attributes:
        pixels: (S, S, 3) uint8 RGB.
        epoch: in which it is shown, from 0.
        row: its number in that epoch.
    """

    pixels: Pixels
    epoch: int
    row: int


class DrawnTiles(Dataset[Tile | PathereaError]):
    """The tiles of all epochs, each in one of eight orientations and in other colours.

    A tile is asked for by its epoch, counted from 0, and its row. It depends on the seed and these two
    only, not on who asks, nor on what was asked for before.

    Args:
        source: where tiles come from.
        config: how many an epoch has, their side, and how much their looks may change.
        seed: root of all chance.
    """

    def __init__(self, source: TileSource, config: PretrainingConfig, seed: Seed) -> None:
        self._source = source
        self._config = config
        self._seed = seed

    def __len__(self) -> int:
        """Return the number of tiles of an epoch."""
        return self._config.tiles_per_epoch

    def __getitem__(self, epoch_and_row: tuple[int, int]) -> Tile | PathereaError:
        """Return a tile, or why there is none: what a worker raised would arrive with all its calls."""
        epoch, row = epoch_and_row
        try:
            pixels = drawn(self._source, self._config.tile_size, self._seed, "tile", epoch, row)
        except PathereaError as error:
            return error
        random = self._seed.stream("looks", epoch, row)
        return Tile(recoloured(oriented(pixels, random), self._config, random), epoch, row)


def drawn(source: TileSource, side: int, seed: Seed, name: str, *index: int) -> Pixels:
    """Return one (side, side, 3) tile of a source, drawn by a stream of that name.

    Raises:
        ShapeError: the source gives something else.
        InputError: it gives nothing.
    """
    pixels = source.sample(1, side, seed.stream(name, *index))
    if pixels.shape != (1, side, side, 3) or pixels.dtype != np.uint8:
        raise ShapeError(
            f"a tile must be {(1, side, side, 3)} of uint8, not {pixels.shape} of {pixels.dtype}; mend"
            f" what gives the tiles ({source.describe()})"
        )
    tile: Pixels = pixels[0]
    return tile


def oriented(pixels: Pixels, random: np.random.Generator) -> Pixels:
    """Return the pixels in one of the eight orientations, all equally likely."""
    if random.integers(2):
        pixels = pixels[:, ::-1]
    turned: Pixels = np.rot90(pixels, int(random.integers(4)))
    return turned


def read_held_out(
    source: TileSource, config: PretrainingConfig, seed: Seed, progress: Progress
) -> Tensor:
    """Return (N, 3, S, S) uint8 tiles that are looked at after every epoch, as they are.

    Args:
        source: where they come from.
        config: their side, and how many tiles an epoch has.
        seed: root of all chance.
        progress: told before every tile.

    Raises:
        InputError: the source gives none.
        Cancelled: the progress asked to stop.
    """
    share = config.tiles_per_epoch // _SHARE_HELD_OUT
    count = min(_MOST_HELD_OUT, max(_FEWEST_HELD_OUT, share))
    tiles = []
    for number in range(count):
        progress.advance(number / count, "reading held-out tiles")
        tiles.append(planes(drawn(source, config.tile_size, seed, "held out", number)))
    return torch.stack(tiles)


def planes(pixels: Pixels) -> Tensor:
    """Return (3, H, W) of (H, W, 3)."""
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))
