"""``patherea sandbox``: a small archive on this machine."""

import argparse
from pathlib import Path

from patherea_core.progress import Progress
from plugin.shell.parser import Options, Subcommand

_LONG = """\
Start a Digital Slide Archive on this machine, in one process, for trying and for tests. It is no
server for production. Its database is a small one of its own, kept in DIR; with the environment
variable PATHEREA_MONGO_URI it uses that MongoDB instead."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--port", metavar="N", type=int, help="(default: a free one)")
    add(
        "--data",
        metavar="DIR",
        type=Path,
        help="where it keeps its data (default: ~/.patherea/sandbox)",
    )


def _run(options: Options, _progress: Progress) -> None:
    from plugin.sandbox.server import serve

    serve(data=options.data, port=options.port)


SUBCOMMAND = Subcommand("sandbox", "a small archive on this machine", _LONG, _add_options, _run)
