"""``python -m training table DATASET``: the published rows of a dataset, and our runs from the ledger."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.files import write_whole
from training.ledger import LEDGER, read_ledger
from training.published_results import BENCHMARKS
from training.run_record import RunRecord
from training.tables.assembly import benchmark_of, benchmark_table
from training.tables.html import as_html
from training.tables.latex import as_latex
from training.tables.markdown import as_markdown
from training.tables.model import Table

FORMATS: dict[str, Callable[[Table], str]] = {
    "markdown": as_markdown,
    "latex": as_latex,
    "html": as_html,
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add which table, from which ledger, and in which format."""
    add = parser.add_argument
    add(
        "dataset",
        metavar="DATASET",
        help=f"published: {', '.join(BENCHMARKS)}; or any in the ledger",
    )
    add("--ledger", metavar="FILE", type=Path, help=f"runs of ours (default: {LEDGER})")
    add("--format", choices=tuple(FORMATS), default="markdown", help="(default: markdown)")
    add("--out", metavar="FILE", type=Path, help="where to write it (default: standard output)")


def run(options: argparse.Namespace) -> int:
    """Render the table and return the exit code."""
    records = _records(options.ledger, options.dataset)
    if options.dataset in BENCHMARKS:
        benchmark = BENCHMARKS[options.dataset]
    elif records:
        benchmark = benchmark_of(records)
    else:
        raise InputError(
            f"nothing is known of {options.dataset!r}; there are published rows for "
            f"{', '.join(BENCHMARKS)}, and runs in the ledger make a table too"
        )
    text = FORMATS[options.format](benchmark_table(benchmark, records))
    if options.out is None:
        sys.stdout.write(text)
    else:
        write_whole(options.out, text.encode())
    return 0


def _records(ledger: Path | None, dataset: str) -> list[RunRecord]:
    # A checkout in which nothing was run yet has no ledger; one that is named has to be there.
    if ledger is None and not LEDGER.exists():
        return []
    return [record for record in read_ledger(ledger or LEDGER) if record.dataset == dataset]
