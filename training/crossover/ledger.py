"""The ledger of cross-overs: one row of each run, one JSON object a line, appended and never edited."""

from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.files import write_whole
from training.checking import checked
from training.crossover.row import CrossoverRow
from training.ledger import turn

#: Where the ledger is, seen from the repository's root.
CROSSOVER = Path("training/crossover.jsonl")


def read_rows(path: Path) -> tuple[CrossoverRow, ...]:
    """Return the rows of a ledger in their order.

    Raises:
        InputError: there is no such file, a line of it is damaged, or two lines are of one run.
    """
    if not path.is_file():
        raise InputError(f"there is no ledger {path}; name one, or make a first run")
    try:
        return _rows(path.read_bytes(), path)
    except OSError as error:
        raise InputError(f"the ledger {path} cannot be read ({error.strerror})") from error


def append_row(path: Path, row: CrossoverRow) -> None:
    """Add a row at the end of a ledger, which is made if there is none; a row that it has is left as it is.

    Raises:
        InputError: a line of the ledger is damaged, or it has another row of that run.
        OutputError: the ledger cannot be written; it stays as it was.
    """
    with turn(path.absolute().parent):
        before = path.read_bytes() if path.is_file() else b""
        if row in _rows(before, path):
            return
        if before and not before.endswith(b"\n"):
            before += b"\n"
        content = before + row.model_dump_json().encode() + b"\n"
        _rows(content, path)
        write_whole(path, content)


def _rows(content: bytes, path: Path) -> tuple[CrossoverRow, ...]:
    rows: list[CrossoverRow] = []
    seen: dict[object, int] = {}
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        row = checked(
            lambda line=line: CrossoverRow.model_validate_json(line),  # type: ignore[misc]
            f"line {number} of the ledger {path}",
            "mend that line or take it out",
        )
        if row.identity in seen:
            raise InputError(
                f"line {number} of the ledger {path} is of the run of line {seen[row.identity]} again"
                f" ({row.plan}: {row.key}); a run counts once"
            )
        seen[row.identity] = number
        rows.append(row)
    return tuple(rows)
