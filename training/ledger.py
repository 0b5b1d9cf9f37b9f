"""The ledger: one record of each run, one JSON object a line, appended and never edited.

A reader always sees a whole file, since it is replaced at once; two writers take turns.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole
from training.checking import checked
from training.run_record import RunRecord

#: Where the ledger is, seen from the repository's root.
LEDGER = Path("training/ledger.jsonl")
#: Runs that are compared among themselves only, and stand in no benchmark table.
ABLATIONS = Path("training/ablations.jsonl")


def read_ledger(path: Path) -> tuple[RunRecord, ...]:
    """Return the records of a ledger in their order.

    Raises:
        InputError: there is no such file, a line of it is damaged, or two lines record one run.
    """
    if not path.is_file():
        raise InputError(f"there is no ledger {path}; name one, or add a first record to it")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"the ledger {path} cannot be read ({error.strerror})") from error
    return _records(content, path)


def append(path: Path, record: RunRecord) -> None:
    """Add one record at the end of a ledger, which is made if there is none.

    Raises:
        InputError: a line of the ledger is damaged, or it has that run already.
        OutputError: the ledger cannot be written; it stays as it was.
    """
    with turn(path.parent):
        before = path.read_bytes() if path.is_file() else b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        content = before + record.model_dump_json().encode() + b"\n"
        _records(content, path)
        write_whole(path, content)


def _records(content: bytes, path: Path) -> tuple[RunRecord, ...]:
    records: list[RunRecord] = []
    seen: dict[object, int] = {}
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        record = checked(
            lambda line=line: RunRecord.model_validate_json(line),  # type: ignore[misc]
            f"line {number} of the ledger {path}",
            "mend that line or take it out",
        )
        if record.identity in seen:
            raise InputError(
                f"line {number} of the ledger {path} records the run of line "
                f"{seen[record.identity]} again; a run counts once"
            )
        seen[record.identity] = number
        records.append(record)
    return tuple(records)


@contextmanager
def turn(folder: Path) -> Iterator[None]:
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
