"""The shell's front door: the command ``patherea`` for people at a terminal.

Each subcommand is a module with its help, its options and what it does with them. It runs the same
commands as the container's front door, and its failures read and count the same.
"""

import sys
from collections.abc import Sequence

from plugin import logs
from plugin.__main__ import guarded, hide_secrets
from plugin.descriptions import joined
from plugin.progress import StopSignal, TerminalProgress
from plugin.shell import (
    agree,
    dataset,
    demo,
    detect,
    doctor,
    evaluate,
    export,
    ki67,
    models,
    pretrain,
    review,
    sandbox,
    suggest,
    train,
)
from plugin.shell.parser import Subcommand, shell_parser

#: In the order of the help.
SUBCOMMANDS: tuple[Subcommand, ...] = (
    export.SUBCOMMAND,
    pretrain.SUBCOMMAND,
    train.SUBCOMMAND,
    detect.SUBCOMMAND,
    evaluate.SUBCOMMAND,
    review.SUBCOMMAND,
    suggest.SUBCOMMAND,
    agree.SUBCOMMAND,
    ki67.SUBCOMMAND,
    models.SUBCOMMAND,
    dataset.SUBCOMMAND,
    doctor.SUBCOMMAND,
    sandbox.SUBCOMMAND,
    demo.SUBCOMMAND,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run one subcommand and return the exit code."""
    logs.set_up()
    given = joined(list(sys.argv[1:] if words is None else words))
    hide_secrets(given, ("--token",))
    return guarded(lambda: _run(given))


def _run(words: list[str]) -> int:
    options = shell_parser(SUBCOMMANDS).parse_args(words)
    with TerminalProgress(options.command, StopSignal().install()) as progress:
        options.subcommand.run(options, progress)
    return 0
