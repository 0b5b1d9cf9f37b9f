"""``python -m training ledger add``: record one run with its scores, from a report of ``patherea evaluate``.

The ledger is appended to and never edited; a run is recorded once, whether its scores please or not.
"""

import argparse
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import get_args

from patherea_core.data.manifest import Manifest
from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from training.checking import checked
from training.evaluation_report import EvaluationReport, read_report
from training.ledger import LEDGER, append
from training.protocol import Chosen, Matching
from training.published_results import BENCHMARKS
from training.run_record import RunRecord
from training.tables.assembly import require_classes


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the word ``add`` and what has to be said about a run."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    adding = actions.add_parser("add", help="record one run", description=__doc__)
    add = adding.add_argument
    add(
        "--evaluation",
        metavar="FILE",
        type=Path,
        required=True,
        help="what patherea evaluate --format json printed",
    )
    add("--ledger", metavar="FILE", type=Path, default=LEDGER, help=f"(default: {LEDGER})")
    _add_data(adding)
    _add_method(adding)


def run(options: argparse.Namespace) -> int:
    """Record the run and return the exit code."""
    record = _record(options, read_report(options.evaluation))
    if record.dataset in BENCHMARKS:
        require_classes(BENCHMARKS[record.dataset], record)
    append(options.ledger, record)
    return 0


def _add_data(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("data and protocol")
    add = group.add_argument
    add("--dataset", metavar="NAME", required=True, help=f"say {', '.join(list(BENCHMARKS)[:3])}")
    which = group.add_mutually_exclusive_group(required=True)
    which.add_argument("--dataset-folder", metavar="DIR", type=Path, help="gives the digest")
    which.add_argument("--dataset-digest", metavar="HEX", help="SHA-256 of its manifest")
    add("--split", metavar="NAME", default="published", help="(default: published)")
    add("--fold", metavar="NAME", help="the fold that was held out")
    add("--evaluated-on", choices=("val", "test"), required=True, help="the evaluated part")
    add(
        "--chosen-on",
        choices=get_args(Chosen),
        required=True,
        help="what epoch, threshold or seed was chosen on",
    )
    add(
        "--matching",
        choices=tuple(name for name in get_args(Matching) if name != "unstated"),
        default="maximum",
        help="the pairing, where the report is not of patherea (default: maximum)",
    )
    add(
        "--border", metavar="WORDS", help="what became of cells at the edge (default: the report's)"
    )


def _add_method(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("run").add_argument
    add("--method", metavar="NAME", required=True, help="say Patherea-P2P")
    add("--backbone", metavar="NAME", required=True, help="say ConvNeXt-B")
    add("--initialisation", metavar="NAME", required=True, help="say ImageNet")
    add("--recipe", metavar="NAME", required=True, help="the recipe")
    add("--recipe-digest", metavar="HEX", required=True, help="SHA-256 of the recipe")
    add("--seed", metavar="N", type=int, required=True, help="root of all random choices")
    add("--program", metavar="WORDS", default="", help="(default: this program and its version)")
    add("--date", metavar="YYYY-MM-DD", type=_date, help="of the run (default: today, UTC)")


def _record(options: argparse.Namespace, report: EvaluationReport) -> RunRecord:
    said = {
        name: getattr(options, name)
        for name in (
            *("dataset", "split", "fold", "evaluated_on", "chosen_on", "method", "backbone"),
            *("initialisation", "recipe", "recipe_digest", "seed"),
        )
    }
    digest = options.dataset_digest
    if digest is None:
        manifest = read_manifest(options.dataset_folder)
        _require_part(manifest, options.evaluated_on)
        digest = manifest.digest()
    return checked(
        lambda: RunRecord(
            **said,
            dataset_digest=digest,
            protocol=report.protocol_of(options.matching, options.border),
            program=options.program or f"patherea {metadata.version('patherea')}",
            date=options.date or datetime.now(UTC).date(),
            images=report.images,
            cells=report.detection.tp + report.detection.fn,
            classes={name: score.kept() for name, score in report.classes.items()},
            mean_f1=report.mean_f1,
            mean_f1_interval=report.mean_f1_interval,
            detection=report.detection.kept(),
        ),
        "this run",
        "correct it and add it again",
    )


def _require_part(manifest: Manifest, evaluated_on: str) -> None:
    """Check that a dataset with a published split has the part that a run says it was evaluated on."""
    parts = {"train", "val", "test"} & {*manifest.fold_names}
    if parts and evaluated_on not in parts:
        raise InputError(
            f"the dataset has no part {evaluated_on!r}; its parts are: {', '.join(manifest.fold_names)}"
        )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--date {text!r} is no date like 2025-01-31; correct it") from None
