"""The ledger of cross-overs: one row of each run, one JSON object a line, appended and never edited."""

from pathlib import Path

from training.crossover.row import CrossoverRow
from training.records import append_record, read_records

#: Where the ledger is, seen from the repository's root.
CROSSOVER = Path("training/crossover.jsonl")


def read_rows(path: Path) -> tuple[CrossoverRow, ...]:
    """Return the rows of a ledger in their order.

    Raises:
        InputError: there is no such file, a line of it is damaged, or two lines are of one run.
    """
    return read_records(path, CrossoverRow)


def append_row(path: Path, row: CrossoverRow) -> None:
    """Add a row at the end of a ledger, which is made if there is none; a row that it has is left as it is.

    Raises:
        InputError: a line of the ledger is damaged, or it has another row of that run.
        OutputError: the ledger cannot be written; it stays as it was.
    """
    append_record(path, row, may_be_there=True)
