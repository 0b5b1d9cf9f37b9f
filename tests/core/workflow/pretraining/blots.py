"""Tiles of soft blots to pretrain on in seconds."""

import hashlib
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import SlideError
from patherea_core.geometry import Pixels
from patherea_core.pretraining.settings import PretrainingConfig

#: A pretraining of seconds: three epochs of four steps.
TINY = PretrainingConfig(
    method="spark",
    backbone="resnet10t",
    mpp=0.5,
    tile_size=64,
    decoder_width=32,
    decoder_depth=1,
    decoder_heads=2,
    epochs=3,
    tiles_per_epoch=8,
    batch_size=2,
    learning_rate=1e-3,
)
#: The same for a transformer.
TINY_MAE = TINY.model_copy(update={"method": "mae", "backbone": "test_vit"})


@dataclass(frozen=True)
class Blots:
    """A source of tiles with a few round blots on a light ground.

    Attributes:
        name: what it is called; sources of other names are other sources.
        mpp: micrometres a pixel.
        broken: whether no tile can be read.
        light: of the ground, of 255.
    """

    name: str = "blots"
    mpp: float = 0.5
    broken: bool = False
    light: float = 230.0

    def describe(self) -> str:
        """Return its name."""
        return f"drawings of {self.name}"

    def digest(self) -> str:
        """Return the digest of its name."""
        return hashlib.sha256(self.name.encode()).hexdigest()

    def sample(self, count: int, side: int, random: np.random.Generator) -> Pixels:
        """Return tiles of three blots each.

        Raises:
            SlideError: the source is broken.
        """
        if self.broken:
            raise SlideError("blots.png cannot be read; put it back")
        rows, columns = np.mgrid[:side, :side] + 0.5
        tiles = np.full((count, side, side, 3), self.light)
        for row in range(count):
            for x, y, radius in random.uniform((0, 0, 4), (side, side, 9), (3, 3)):
                blot = np.exp(-((((columns - x) ** 2 + (rows - y) ** 2) / radius**2) ** 2))
                tiles[row] -= blot[..., None] * random.uniform(60, 200, 3)
        pixels: Pixels = np.clip(tiles, 0, 255).astype(np.uint8)
        return pixels
