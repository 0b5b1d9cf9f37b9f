"""A file of records: one JSON object a line, appended and never edited; no two records of it are one run.

A reader always sees a whole file, since it is replaced at once; two writers take turns.
"""

import fcntl
import os
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from patherea_core.config import Settings
from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole
from training.checking import checked


class Recorded(Settings):
    """What a ledger keeps of one run."""

    @property
    @abstractmethod
    def identity(self) -> object:
        """What no two records of a ledger share; it can be hashed."""

    @property
    @abstractmethod
    def title(self) -> str:
        """Which run it is, in words that tell it from most others."""


Record = TypeVar("Record", bound=Recorded)


def read_records(path: Path, kind: type[Record]) -> tuple[Record, ...]:
    """Return the records of a ledger in their order.

    Args:
        path: of the ledger.
        kind: of its records.

    Raises:
        InputError: there is no such file, a line of it is damaged, or two lines record one run.
    """
    if not path.is_file():
        raise InputError(f"there is no ledger {path}; name one, or record a first run in it")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the ledger {path} cannot be read ({error.strerror})") from error
    return _records(content, path, kind)


def append_record(path: Path, record: Recorded, *, may_be_there: bool = False) -> None:
    """Add one record at the end of a ledger, which is made if there is none.

    Args:
        path: of the ledger.
        record: what is added.
        may_be_there: a record that the ledger has already is left as it is, instead of being refused.

    Raises:
        InputError: a line of the ledger is damaged, or it has that run already.
        OutputError: the ledger cannot be written; it stays as it was.
    """
    with _turn(path.absolute().parent):
        before = path.read_bytes() if path.is_file() else b""
        if may_be_there and record in _records(before, path, type(record)):
            return
        if before and not before.endswith(b"\n"):
            before += b"\n"
        content = before + record.model_dump_json().encode() + b"\n"
        _records(content, path, type(record))
        write_whole(path, content)


def _records(content: bytes, path: Path, kind: type[Record]) -> tuple[Record, ...]:
    records: list[Record] = []
    seen: dict[object, int] = {}
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"line {number} of the ledger {path}"
        record = checked(
            lambda line=line: kind.model_validate_json(line),  # type: ignore[misc]
            where,
            "mend that line or take it out",
        )
        if record.identity in seen:
            raise InputError(
                f"{where} records the run of line {seen[record.identity]} again ({record.title}); a run"
                " counts once"
            )
        seen[record.identity] = number
        records.append(record)
    return tuple(records)


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """Wait until no other writer is at work in a folder; leaves no file behind."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror}); name a folder that exists"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
