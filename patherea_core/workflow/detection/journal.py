"""Detections on disk, batch by batch, so that a run that was killed goes on where it was.

The file begins with a line that names what it belongs to, and one that whoever began it wanted remembered; a
record for each batch follows, with a checksum.
What a crash left half-written at its end is cut off when it is opened again. Memory holds a few numbers a
batch, however many cells there are.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

import numpy as np

from patherea_core.errors import OutputError
from patherea_core.files import writing
from patherea_core.workflow.detection.found import ROW, Entry, KeptBatches, Rows

_FORM = b"patherea detections 2 "
_MARK = b"TILE"
#: Mark, batch, number of holes, number of rows, checksum of all that follows and of these numbers.
_HEAD = struct.Struct("<4sIIQI")


class Journal(KeptBatches):
    """Keeps detections in a file; see ``Found``, and ``open_journal``, which makes one.

    Attributes:
        note: what was to be remembered when it was begun.
    """

    def __init__(self, file: FileIO, path: Path, note: str) -> None:
        super().__init__()
        self.note = note
        self._file = file
        self._path = path

    def add(self, batch: int, rows: Rows, holes: Sequence[int]) -> None:
        """Keep what a batch found, and which of its tiles could not be read.

        Raises:
            OutputError: the disk does not take it; what was kept before is safe.
        """
        missing = np.asarray(holes, dtype="<u4").tobytes()
        content = missing + rows.tobytes()
        head = _HEAD.pack(_MARK, batch, len(holes), len(rows), 0)
        sealed = _HEAD.pack(
            _MARK, batch, len(holes), len(rows), zlib.crc32(content, zlib.crc32(head))
        )
        end = self._file.seek(0, os.SEEK_END)
        with writing(self._path):
            try:
                _write(self._file, sealed + content)
            except OSError:
                self._file.truncate(end)
                raise
        self._note(batch, rows, holes, end + _HEAD.size + len(missing))

    def rows(self, entry: Entry) -> Rows:
        """Return the rows of a batch, as long as the file is there, whether or not it is still lent.

        Raises:
            OutputError: the file is gone.
        """
        with writing(self._path), self._path.open("rb", buffering=0) as file:
            content = os.pread(file.fileno(), entry.count * ROW.itemsize, entry.place)
        return np.frombuffer(content, dtype=ROW)

    def take_up(self, start: int) -> None:
        """Note what the file holds from a place on, and cut off what is not whole."""
        place = start
        while (after := self._take_up_one(place)) is not None:
            place = after
        self._file.truncate(place)

    def _take_up_one(self, place: int) -> int | None:
        """Note the record at a place and return where it ends; None if there is no whole one."""
        self._file.seek(place)
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        mark, batch, hole_count, count, checksum = _HEAD.unpack(head)
        length = 4 * hole_count + ROW.itemsize * count
        # A length that is no length would ask for all memory.
        if mark != _MARK or place + _HEAD.size + length > self._file.seek(0, os.SEEK_END):
            return None
        self._file.seek(place + _HEAD.size)
        content = self._file.read(length)
        unsealed = _HEAD.pack(mark, batch, hole_count, count, 0)
        if zlib.crc32(content, zlib.crc32(unsealed)) != checksum:
            return None
        holes = np.frombuffer(content, dtype="<u4", count=hole_count).tolist()
        rows = np.frombuffer(content, dtype=ROW, offset=4 * hole_count)
        self._note(batch, rows, holes, place + _HEAD.size + 4 * hole_count)
        return place + _HEAD.size + int(length)


@contextmanager
def open_journal(path: Path, fingerprint: str, note: str = "") -> Iterator[Journal]:
    """Lend the journal at a path, with what an earlier run with the same fingerprint kept there.

    It is synchronised with the disk at the end, and stays there until somebody removes it.

    Args:
        path: of the file, which is made if there is none.
        fingerprint: of slide, model and parameters, without a line break; what was kept for another one
            is never used.
        note: what is to be remembered, in one line; if an earlier run began the journal, its note stays.

    Raises:
        OutputError: the file cannot be written, or another run is at it, or it belongs to another
            fingerprint or is no journal.
    """
    with writing(path), path.open("a+b", buffering=0) as file:
        _lock(file, path)
        first = _FORM + fingerprint.encode() + b"\n"
        file.seek(0)
        begun = file.read(len(first))
        if not first.startswith(begun):
            raise OutputError(
                f"{path} was not written by a run with the same slide, model and settings; remove it, or name"
                " another file of results"
            )
        kept = file.readline()
        if not kept.endswith(b"\n"):
            kept = note.encode() + b"\n"
            file.truncate(0)
            _write(file, first + kept)
        journal = Journal(file, path, kept[:-1].decode())
        journal.take_up(len(first) + len(kept))
        try:
            yield journal
        finally:
            os.fsync(file.fileno())


def _write(file: FileIO, content: bytes) -> None:
    """Write all of it: a file without a buffer may take a part at a time."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]


def _lock(file: FileIO, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OutputError(
            f"another run is at work on the same results ({path.name}); wait for it, or name another file"
        ) from error
