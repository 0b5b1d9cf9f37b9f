"""``python -m training ablation``: runs of the ledger beside the one that they differ from, as Markdown.

A row sums up the seeds of one experiment: mean ± standard deviation of a sample (n - 1). Its difference to
the base is that of runs with the same seed and fold, which share what chance does to the data.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.files import write_whole
from training.ledger import ABLATIONS, read_ledger
from training.run_record import RunRecord
from training.tables.markdown import markdown_table
from training.tables.model import Score
from training.tables.runs import Experiment, experiments

_NONE = "–"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add which runs, of which ledger, and where to."""
    add = parser.add_argument
    add("--ledger", metavar="FILE", type=Path, default=ABLATIONS, help=f"(default: {ABLATIONS})")
    add("--start", metavar="WORDS", default="ablation/", help="of the recipes (default: ablation/)")
    add("--base", metavar="RECIPE", default="ablation/base", help="(default: ablation/base)")
    add("--out", metavar="FILE", type=Path, help="where to write it (default: standard output)")


def run(options: argparse.Namespace) -> int:
    """Write the table and return the exit code."""
    records = [
        record
        for record in read_ledger(options.ledger)
        if record.recipe.startswith(options.start) or record.recipe == options.base
    ]
    text = ablation_table(records, options.base)
    if options.out is None:
        sys.stdout.write(text)
    else:
        write_whole(options.out, text.encode())
    return 0


def ablation_table(records: Sequence[RunRecord], base: str) -> str:
    """Return the table of some runs.

    Args:
        records: the runs, of one dataset.
        base: name of the recipe that the others differ from.

    Raises:
        InputError: there is no run of the base, or more than one experiment; or a run was measured otherwise.
    """
    found = experiments(records)
    bases = [one for one in found if one.first.recipe == base]
    if len(bases) != 1:
        raise InputError(
            f"the ledger has {len(bases)} experiments of recipe {base!r}, but the others are compared with"
            " one; record its runs, all of one version, dataset and number of epochs"
        )
    (compared,) = bases
    for one in found:
        _require_comparable(one.first, compared.first)
    names = tuple(compared.first.classes)
    head = ("recipe", "runs", *names, "mean F1", "less the base", "any class")
    return markdown_table(head, [_row(one, compared, names) for one in found], words=2)


def _row(runs: Experiment, base: Experiment, names: Sequence[str]) -> tuple[str, ...]:
    def told(value: Callable[[RunRecord], float | None]) -> str:
        return _text(runs.score(value))

    return (
        runs.first.recipe,
        runs.runs,
        *(told(lambda record, name=name: record.classes[name].f1) for name in names),  # type: ignore[misc]
        told(lambda record: record.mean_f1),
        _NONE if runs is base else _difference(runs, base),
        told(lambda record: record.detection.f1),
    )


def _difference(runs: Experiment, base: Experiment) -> str:
    """Return by how much the mean F1 is higher than that of the base, over the pairs that there are."""
    theirs = {(record.seed, record.fold): record.mean_f1 for record in base.records}
    pairs = [(record.mean_f1, theirs.get((record.seed, record.fold))) for record in runs.records]
    found = [mine - its for mine, its in pairs if mine is not None and its is not None]
    if not found:
        return _NONE
    spread = f" ± {statistics.stdev(found):.3f}" if len(found) > 1 else ""
    return f"{statistics.fmean(found):+.3f}{spread}"


def _text(score: Score | None) -> str:
    return _NONE if score is None else str(score)


def _require_comparable(record: RunRecord, base: RunRecord) -> None:
    for what in ("dataset", "dataset_digest", "split", "evaluated_on", "protocol"):
        mine, its = getattr(record, what), getattr(base, what)
        if mine != its:
            raise InputError(
                f"runs of {record.recipe} cannot be compared with those of {base.recipe}: their {what}"
                f" is {mine}, not {its}"
            )
