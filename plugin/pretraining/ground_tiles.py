"""Random tiles of many slides and images: a source that processes share without sharing open files."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from patherea_core.errors import InputError, SlideError
from patherea_core.geometry import Pixels
from patherea_core.slides import read_working
from plugin.pretraining.ground import Ground
from plugin.pretraining.open_images import OpenImages
from plugin.slides.refusals import missing

log = logging.getLogger(__name__)

#: Places that are tried for a tile before it is said that nothing can be read any more.
_ATTEMPTS = 16

#: Says in words what some slides and images are; a function that can be pickled.
Words: TypeAlias = Callable[[Sequence[Ground]], str]


class GroundTiles:
    """Tiles of some slides and images; fills the port ``TileSource``.

    A slide is drawn in proportion to the square root of its area of tissue: a large one is seen more often
    than a small one, but does not drown it. A place that cannot be read is passed over, and another drawn.

    Args:
        grounds: where from, in an order that is always the same.
        mpp: micrometres per working pixel.
        words: what they are, or some of them.
        identity: what stands for the files in the digest; None takes their names, sizes and pixel sizes.

    Raises:
        InputError: there is none.
    """

    def __init__(
        self, grounds: Sequence[Ground], mpp: float, words: Words, identity: str | None = None
    ) -> None:
        if not grounds:
            raise InputError("there is nothing to take tiles from; name slides or images")
        self._grounds, self._mpp, self._words = tuple(grounds), mpp, words
        self._identity = identity
        self._shares = np.cumsum(np.sqrt([one.area for one in self._grounds]))
        self._open = OpenImages()
        self._unreadable: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        """Return what travels to another process, which opens its own files."""
        return self.__dict__ | {"_open": None, "_unreadable": set()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open = OpenImages()

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """Where tiles are taken from."""
        return self._grounds

    @property
    def mpp(self) -> float:
        """Micrometres per pixel of the tiles."""
        return self._mpp

    def describe(self) -> str:
        """Return what the tiles are cut from, in words."""
        return self._words(self._grounds)

    def part(self, grounds: Sequence[Ground]) -> "GroundTiles":
        """Return tiles of some of the slides and images alone.

        Raises:
            InputError: there is none.
        """
        return GroundTiles(grounds, self._mpp, self._words, self._identity)

    def digest(self) -> str:
        """Return 64 hexadecimal digits that differ between sources of other tiles.

        Raises:
            SlideError: a file is not there any more.
        """
        told = [
            [
                one.name,
                self._identity or _size(one.path),
                one.base_mpp,
                one.width,
                one.height,
                None if one.sites is None else hashlib.sha256(one.sites.packed).hexdigest(),
            ]
            for one in self._grounds
        ]
        return hashlib.sha256(json.dumps([self._mpp, told]).encode()).hexdigest()

    def sample(self, count: int, side: int, random: np.random.Generator) -> Pixels:
        """Return (count, side, side, 3) uint8 RGB pixels of that many random tiles.

        Args:
            count: how many.
            side: of a tile in working pixels.
            random: where all chance comes from.

        Raises:
            InputError: nothing can be read any more, or an image is smaller than a tile.
        """
        tiles = np.empty((count, side, side, 3), dtype=np.uint8)
        for tile in tiles:
            tile[:] = self._tile(side, random)
        return tiles

    def _tile(self, side: int, random: np.random.Generator) -> Pixels:
        problem = ""
        for _ in range(_ATTEMPTS):
            ground = self._drawn(random)
            box = ground.box(side, random)
            try:
                return read_working(self._open.reader(ground), box, self._mpp)
            except SlideError as error:
                problem = str(error)
                self._note(ground, problem)
        raise SlideError(
            f"{_ATTEMPTS} places in a row cannot be read, the last because {problem}; see whether the"
            " slides are still there"
        )

    def _drawn(self, random: np.random.Generator) -> Ground:
        place = random.random() * self._shares[-1]
        # The sum may round such that the largest number drawn reaches it.
        row = min(int(np.searchsorted(self._shares, place, side="right")), len(self._grounds) - 1)
        return self._grounds[row]

    def _note(self, ground: Ground, problem: str) -> None:
        """Warn of a slide that cannot be read at some place, once in each process."""
        if ground.title not in self._unreadable:
            self._unreadable.add(ground.title)
            log.warning("%s; such places are passed over", problem)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise missing(path) from error
