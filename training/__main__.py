"""The front door for people who train and compare: ``python -m training COMMAND``.

A subcommand is a module with a docstring (its help), ``add_options(parser)`` and ``run(options) -> int``.
Only the chosen one is loaded. Exit codes: 0 done, 2 wrong usage or bad input, 1 any other failure.
"""

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from patherea_core.errors import Cancelled, InputError, OutputError, PathereaError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One word after ``python -m training``.

    Attributes:
        name: the word.
        short: what it does, for the list of all.
        module: where it is; loaded when the word is given.
    """

    name: str
    short: str
    module: str


#: In the order of the help.
SUBCOMMANDS: tuple[Subcommand, ...] = (
    Subcommand("import", "a published dataset -> dataset folder", "training.import_dataset"),
    Subcommand("run", "a recipe + dataset folder -> model and its scores", "training.run"),
    Subcommand("convert", "published weights -> backbone file", "training.convert"),
    Subcommand(
        "ledger", "a report of scores -> one more line of the ledger", "training.ledger_add"
    ),
    Subcommand("table", "published rows + ledger -> benchmark table", "training.tables.command"),
    Subcommand("ablation", "ledger -> what each change is worth", "training.tables.ablation"),
    Subcommand("fields", "scored runs -> Ki-67 index of each field", "training.agreement.fields"),
    Subcommand(
        "crossover", "what backbones start from x how many labels", "training.crossover.command"
    ),
    Subcommand(
        "agreement", "a table of slides -> who agrees with whom", "training.agreement.command"
    ),
)


class _Parser(argparse.ArgumentParser):
    """A parser whose wrong usage is an exception, so that it reads like every other failure."""

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message}; see {self.prog} --help")


def main(words: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s", stream=sys.stderr)
    given = list(sys.argv[1:] if words is None else words)
    try:
        options = parser_for(given).parse_args(given)
        code: int = options.run(options)
    except PathereaError as error:
        # What the person can mend needs no traceback, and a stop that somebody asked for is no error.
        log.log(logging.WARNING if isinstance(error, Cancelled) else logging.ERROR, "%s", error)
        return 2 if isinstance(error, InputError | OutputError) else 1
    return code


def parser_for(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of a command line; it knows the options of the subcommand that is named there."""
    parser = _Parser(
        prog="python -m training", description="Import datasets, keep the ledger, render tables."
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for subcommand in SUBCOMMANDS:
        if subcommand.name not in words[:1]:
            commands.add_parser(subcommand.name, help=subcommand.short)
            continue
        module = importlib.import_module(subcommand.module)
        chosen = commands.add_parser(
            subcommand.name,
            help=subcommand.short,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_options(chosen)
        chosen.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
