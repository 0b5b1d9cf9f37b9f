"""The ledger: one record of each run, one JSON object a line, appended and never edited."""

from pathlib import Path

from training.records import append_record, read_records
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
    return read_records(path, RunRecord)


def append(path: Path, record: RunRecord) -> None:
    """Add one record at the end of a ledger, which is made if there is none.

    Raises:
        InputError: a line of the ledger is damaged, or it has that run already.
        OutputError: the ledger cannot be written; it stays as it was.
    """
    append_record(path, record)
