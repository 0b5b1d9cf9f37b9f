"""Reading tables of a FlatBuffers file, as its specification lays them out.

https://flatbuffers.dev/internals/: a table begins with the distance back to its list of fields, whose
entries are distances of the fields from the table, zero for what is absent; whatever is longer than a
number is reached over one more distance, from where that stands.
"""

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from patherea_core.errors import InputError


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a file.

    Attributes:
        content: the whole file.
        place: where the table begins.
    """

    content: bytes
    place: int

    def number(self, field: int, form: str, default: int = 0) -> int:
        """Return a whole number; ``form`` is its code in ``struct``."""
        place = self._field(field)
        return default if place is None else self._read(form, place)

    def table(self, field: int) -> "Table":
        """Return a table inside this one.

        Raises:
            InputError: it has none there.
        """
        place = self._field(field)
        if place is None:
            raise InputError("the file lacks a part that it must have; fetch it again")
        return Table(self.content, place + self._read("I", place))

    def tables(self, field: int) -> list["Table"]:
        """Return a list of tables."""
        first, count = self._list(field)
        places = [first + 4 * row for row in range(count)]
        return [Table(self.content, place + self._read("I", place)) for place in places]

    def numbers(self, field: int, kind: npt.DTypeLike) -> npt.NDArray[np.generic]:
        """Return a list of numbers of one kind; empty where there is none."""
        first, count = self._list(field)
        if first + count * np.dtype(kind).itemsize > len(self.content):
            raise InputError("the file ends too early; fetch it again")
        return np.frombuffer(self.content, kind, count, first)

    def _list(self, field: int) -> tuple[int, int]:
        """Return where a list's first entry stands, and how many it has."""
        place = self._field(field)
        if place is None:
            return 0, 0
        start = place + self._read("I", place)
        return start + 4, self._read("I", start)

    def _field(self, field: int) -> int | None:
        """Return where a field stands, or None if it is absent."""
        fields = self.place - self._read("i", self.place)
        entry = 4 + 2 * field
        if entry >= self._read("H", fields):
            return None
        distance = self._read("H", fields + entry)
        return self.place + distance if distance else None

    def _read(self, form: str, place: int) -> int:
        try:
            (value,) = struct.unpack_from(f"<{form}", self.content, place)
        except struct.error as error:
            raise InputError("the file ends too early; fetch it again") from error
        return int(value)


def root(content: bytes, identifier: bytes) -> Table:
    """Return the outermost table of a file with that identifier of four bytes.

    Raises:
        InputError: the file is of another kind.
    """
    if content[4:8] != identifier:
        raise InputError(f"the file does not begin as a {identifier.decode()} file; name another")
    return Table(content, struct.unpack_from("<I", content)[0])
