"""One root seed per run, and a named stream of random numbers for each purpose."""

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Seed:
    """The root of every random choice in a run."""

    value: int

    def stream(self, name: str, *index: int) -> np.random.Generator:
        """Return the generator of one purpose, say ``stream("augment", epoch, row)``.

        Streams depend on their name and index only, so adding one moves no other.
        """
        return np.random.default_rng([self.value, zlib.crc32(name.encode()), *index])
