"""The commands that the archive's web page shows, as the package ``cli_xml`` describes them."""

import argparse
import json
import re
from importlib import resources
from pathlib import Path
from typing import Any, NoReturn

from slicer_cli_web import CLIArgumentParser
from slicer_cli_web.ctk_cli_adjustment import CLIModule

from patherea_core.errors import InputError

#: A value such as ``-1,-1,-1,-1``, which argparse takes for an option when it stands alone.
_NEGATIVE = re.compile(r"-[\d.]")


def list_text() -> str:
    """Return the list of all commands, one JSON object."""
    return (_folder() / "slicer_cli_list.json").read_text(encoding="ascii")


def names() -> tuple[str, ...]:
    """Return the names of all commands."""
    return tuple(json.loads(list_text()))


def xml_text(name: str) -> str:
    """Return the description of one command."""
    return _path(name).read_text(encoding="ascii")


def help_text(name: str) -> str:
    """Return the help of one command."""
    return str(_parser(name).format_help())


def read_values(name: str, words: list[str]) -> dict[str, Any]:
    """Return the value of every parameter, by name; regions stay text, vectors become tuples.

    What only the archive's web page enforces is checked here again: least and largest values.

    Raises:
        InputError: the words do not fit the description.
    """
    values: dict[str, Any] = vars(_parser(name).parse_args(joined(words)))
    for parameter in CLIModule(str(_path(name))).parameters():
        value: Any = values.get(parameter.name)
        if parameter.typ == "string-vector":
            values[parameter.name] = tuple(text.strip() for text in value if text.strip())
        elif parameter.constraints is not None:
            _check(parameter.longflag, value, parameter.constraints)
    return values


def joined(words: list[str]) -> list[str]:
    """Join ``--roi -1,-1,-1,-1`` to ``--roi=-1,-1,-1,-1``, so that the value is no option."""
    result: list[str] = []
    for word in words:
        previous = result[-1] if result else ""
        if _NEGATIVE.match(word) and previous.startswith("--") and "=" not in previous:
            result[-1] = f"{previous}={word}"
        else:
            result.append(word)
    return result


class _Parser(CLIArgumentParser):  # type: ignore[misc]  # the base class publishes no types
    """The ecosystem's parser, but wrong usage is an exception, and a region keeps its text.

    Options are written in full: an abbreviated ``--girderToken`` would not be known for a secret.
    """

    def add_argument(self, *words: str, **options: Any) -> argparse.Action:  # noqa: ANN401  as argparse
        """Add one parameter."""
        if options.get("metavar") == "<region>":
            options["type"] = str
            options["default"] = ",".join(f"{number:g}" for number in options["default"])
        action: argparse.Action = super().add_argument(*words, **options)
        return action

    def error(self, message: str) -> NoReturn:
        """Raise InputError."""
        raise InputError(f"{message}; see --help")


def _folder() -> Path:
    return Path(str(resources.files("cli_xml")))


def _path(name: str) -> Path:
    if name not in names():
        raise InputError(f"there is no command {name!r}; the commands are: {', '.join(names())}")
    return _folder() / f"{name}.xml"


def _parser(name: str) -> _Parser:
    parser = _Parser(str(_path(name)))
    parser.prog, parser.allow_abbrev = name, False
    return parser


def _check(flag: str, value: Any, limits: Any) -> None:  # noqa: ANN401  ctk_cli publishes no types
    if value is None:
        return
    if limits.minimum is not None and not value >= float(limits.minimum):
        raise InputError(f"{flag} must be at least {limits.minimum}, not {value}")
    if limits.maximum is not None and not value <= float(limits.maximum):
        raise InputError(f"{flag} must be at most {limits.maximum}, not {value}")
