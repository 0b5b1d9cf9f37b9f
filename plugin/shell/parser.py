"""The words that the command ``patherea`` understands: what its subcommands have in common."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from patherea_core.errors import InputError
from patherea_core.progress import Progress
from plugin import provenance

Options = argparse.Namespace

_DESCRIPTION = """\
Cell detection in pathology, as a plugin for the Digital Slide Archive (DSA).

The loop: a pathologist outlines regions and labels every cell in them; export makes a dataset of
that, train a model, detect finds cells elsewhere, evaluate compares. Research use only."""


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One word after ``patherea``.

    Attributes:
        name: the word.
        short: what it does, for the list of all.
        long: what it does, for its own help.
        add_options: adds its options to its parser.
        run: does it.
        more: stands below the options in its help.
    """

    name: str
    short: str
    long: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[Options, Progress], None]
    more: str = ""


class _Parser(argparse.ArgumentParser):
    """A parser whose wrong usage is an exception, so that no secret is printed with it.

    Options are written in full: an abbreviated ``--token`` would not be known for a secret.
    """

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  as argparse
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message}; see {self.prog} --help")


def shell_parser(subcommands: Sequence[Subcommand]) -> argparse.ArgumentParser:
    """Return the parser; the chosen subcommand becomes ``subcommand``, its name ``command``."""
    parser = _Parser(
        prog="patherea",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=provenance.program())
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_Parser
    )
    for subcommand in subcommands:
        made = commands.add_parser(
            subcommand.name,
            help=subcommand.short,
            description=subcommand.long,
            epilog=subcommand.more,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        subcommand.add_options(made)
        made.set_defaults(subcommand=subcommand)
    return parser


def add_archive(parser: argparse.ArgumentParser, *, item: bool) -> None:
    """Add where the archive is; with ``item`` it is a choice, else it is needed."""
    group = parser.add_argument_group("archive")
    group.add_argument(
        "--api-url", metavar="URL", required=not item, help="its address, ending in /api/v1"
    )
    if item:
        group.add_argument("--item", metavar="ID", help="a slide in it, instead of files")
    group.add_argument(
        "--token",
        default=os.environ.get("PATHEREA_TOKEN"),
        help="its token; better in the environment variable PATHEREA_TOKEN, which no process list shows",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add where the network runs."""
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="cuda fails where there is none (default: auto)",
    )


def add_seed(parser: argparse.ArgumentParser, of: str = "all random choices") -> None:
    """Add the root seed."""
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help=f"root of {of} (default: 0)"
    )


def add_points_outside(parser: argparse.ArgumentParser) -> None:
    """Add what becomes of labels that lie where nobody said that all is labelled."""
    parser.add_argument(
        "--points-outside",
        choices=("error", "drop"),
        default="error",
        help="what to do with a point outside of every region (default: error)",
    )


def names(text: str) -> tuple[str, ...]:
    """Return the names in a text, parted by commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def token(options: Options) -> str:
    """Return the archive's token.

    Raises:
        InputError: there is none.
    """
    if not options.token:
        raise InputError("give --token, or set the environment variable PATHEREA_TOKEN")
    return str(options.token)


def address(options: Options) -> str:
    """Return the archive's address.

    Raises:
        InputError: there is none.
    """
    if not options.api_url:
        raise InputError("--item needs --api-url, the archive's address")
    return str(options.api_url)


def model(options: Options) -> Path:
    """Return the model bundle.

    Raises:
        InputError: there is none.
    """
    if not options.model:
        raise InputError("no model comes with this version; train one and name it with --model")
    path = Path(options.model)
    if not path.exists():
        raise InputError(f"there is no model {options.model!r}; give the path of a model bundle")
    return path
