"""The words that the command ``patherea`` understands: what its subcommands have in common."""

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from patherea_core.bundle_card import CardWords
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


class _SubcommandParser(_Parser):
    """A parser of one subcommand, which refuses itself the words that it does not know."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401  as argparse
        """Return the options, and that no word is left."""
        options, unknown = super().parse_known_args(args, namespace)
        if unknown:
            # Left to the parser of all, as argparse does, the advice would name the help of none.
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return options, unknown


def shell_parser(subcommands: Sequence[Subcommand]) -> argparse.ArgumentParser:
    """Return the parser; the chosen subcommand becomes ``subcommand``, its name ``command``."""
    parser = _Parser(
        prog="patherea",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=provenance.program())
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=_SubcommandParser
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


def add_backbone_weights(parser: argparse.ArgumentParser, why: str) -> None:
    """Add where the backbone's pretrained weights are."""
    parser.add_argument(
        "--backbone-weights",
        metavar="FILE|hub",
        type=weights_source,
        help=f"pretrained weights, {why}",
    )


def add_accepted_licences(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add whose licences a person accepts."""
    parser.add_argument(
        "--accept-licence",
        metavar="NAME",
        action="append",
        default=[],
        help="you accept the licence of this foundation model; may be repeated",
    )


def add_words(parser: argparse.ArgumentParser) -> None:
    """Add what a model's card says in words."""
    group = parser.add_argument_group("model card")
    add = group.add_argument
    add("--name", metavar="NAME", help="what the model is called")
    add(
        "--stain", metavar="STAIN", help="H&E or H-DAB, which stain jitter can separate; or another"
    )
    add("--tissue", metavar="TISSUE", help="tissue on the slides")
    add("--intended-use", metavar="TEXT", help="what the model is for")
    add("--licence", metavar="NAME", help="terms of the weights")
    add(
        "--notice",
        metavar="TEXT",
        action="append",
        help="who made data or weights, and their terms; may be repeated",
    )
    add("--limitation", metavar="TEXT", action="append", help="what it cannot do; may be repeated")


def words(options: Options) -> CardWords:
    """Return what the options of ``add_words`` say.

    Raises:
        InputError: one of them says nothing.
    """
    _require_said(options)
    return CardWords(
        name=options.name,
        stain=options.stain,
        tissue=options.tissue,
        intended_use=options.intended_use,
        licence=options.licence,
        notices=tuple(options.notice or ()),
        limitations=tuple(options.limitation or ()),
    )


def _require_said(options: Options) -> None:
    for option in ("name", "stain", "tissue", "intended_use", "licence", "notice", "limitation"):
        given = getattr(options, option)
        texts = given if isinstance(given, list) else [] if given is None else [given]
        if not all(text.strip() for text in texts):
            flag = option.replace("_", "-")
            raise InputError(f"--{flag} is empty; say something, or leave it out")


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


def weights_source(text: str) -> Path | Literal["hub"]:
    """Return where pretrained weights come from: a file, or a hub by the name of the backbone."""
    return "hub" if text == "hub" else Path(text)
