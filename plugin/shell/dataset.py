"""``patherea dataset``: what can be done with a dataset beside training on it."""

import argparse
import json
import sys
from pathlib import Path

from patherea_core.progress import Progress
from plugin.shell.parser import Options, Subcommand

_LONG = """\
patherea dataset check DIR: look for what spoils a dataset before a model learns from it. Reported are
broken and changed files, points outside of their region, cells labelled twice, class names that look
like one class, rare and absent classes, patients in two folds, empty regions, a pixel size that cannot
be, and (as a hint) places that look like a nucleus without a point. Nothing is changed."""

_MORE = """\
Exit code: 0 if there is no error (warnings and notes do not count), 1 if there is one, 2 if DIR is no
dataset or the words make no sense. With 0 and 1 the report is on standard output."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="report what is wrong with a dataset",
        description=_LONG,
        epilog=_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("dataset", metavar="DIR", type=Path, help="the folder of the dataset")
    check.add_argument(
        "--format", choices=("table", "json"), default="table", help="(default: table)"
    )


def _run(options: Options, progress: Progress) -> None:
    from plugin.commands import check_dataset as command

    inspection = command.run(command.CheckRequest(options.dataset), progress)
    if options.format == "json":
        sys.stdout.write(json.dumps(inspection.to_dict(), indent=1, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(command.table(inspection))
    command.require_sound(inspection)


SUBCOMMAND = Subcommand(
    "dataset", "check a dataset before training on it", _LONG, _add_options, _run, _MORE
)
