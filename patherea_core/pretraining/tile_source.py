"""Where the tiles of a pretraining come from: a port that the plugin and the trainings fill."""

from typing import Protocol, runtime_checkable

import numpy as np

from patherea_core.geometry import Pixels


@runtime_checkable
class TileSource(Protocol):
    """Anything that yields tiles without labels, all of one scale.

    A source travels to other processes, so it can be pickled: it holds names of files and what it knows
    of them, and opens what it reads from where it is first asked. It draws from the given generator
    alone: the same generator gives the same tiles in any process, in any order of calls.
    """

    @property
    def mpp(self) -> float:
        """Micrometres per pixel of the tiles."""

    def describe(self) -> str:
        """Return what the tiles are cut from, in words, say "12 slides of the folder Unlabelled"."""

    def digest(self) -> str:
        """Return 64 hexadecimal digits that differ between sources of other tiles, say a sha256.

        A run is resumed with a source of the same digest only.
        """

    def sample(self, count: int, side: int, random: np.random.Generator) -> Pixels:
        """Return (count, side, side, 3) uint8 RGB pixels of that many random tiles.

        Args:
            count: how many; the engine asks for one at a time.
            side: of a tile in pixels of ``mpp``.
            random: where all chance comes from, such as which image and where in it.

        Raises:
            InputError: an image cannot be read any more, or none is as large as a tile.
        """
