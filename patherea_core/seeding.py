"""One root seed per run, and a named stream of random numbers for each purpose."""

import zlib
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError

#: PyTorch takes seeds of 64 bits.
_LARGEST = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Seed:
    """The root of every random choice in a run.

    Raises:
        InputError: it is negative, or too large for one of the generators.
    """

    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= _LARGEST:
            raise InputError(
                f"a seed must be a whole number from 0 to {_LARGEST}, not {self.value}"
            )

    def stream(self, name: str, *index: int) -> np.random.Generator:
        """Return the generator of one purpose, say ``stream("augment", epoch, row)``.

        Streams depend on their name and index only, so adding one moves no other.
        """
        return np.random.default_rng([self.value, zlib.crc32(name.encode()), *index])
