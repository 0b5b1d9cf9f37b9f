"""`python -m plugin.sandbox` starts a sandbox; other programs start it through `plugin.sandbox.process`."""

import argparse
import sys
from pathlib import Path

from plugin import logs
from plugin.__main__ import guarded
from plugin.sandbox.server import serve

_DESCRIPTION = """\
Start a Digital Slide Archive on this machine for trying and for tests, and serve until stopped. It is
no server for production."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m plugin.sandbox", description=_DESCRIPTION)
    parser.add_argument("--data", metavar="DIR", type=Path, help="where it keeps its data")
    parser.add_argument("--port", metavar="N", type=int, help="to listen on (default: a free one)")
    parser.add_argument("--ready-json", action="store_true", help="speak to a program")
    options = parser.parse_args(arguments)
    logs.set_up()
    return guarded(lambda: _serve(options))


def _serve(options: argparse.Namespace) -> int:
    serve(data=options.data, port=options.port, ready_json=options.ready_json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
