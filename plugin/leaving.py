"""How a command's process ends: at once, as soon as all that was registered for its end has run."""

import atexit
import os
import sys
from collections.abc import Callable
from typing import NoReturn


def run_and_leave(main: Callable[[], int]) -> NoReturn:
    """Run a program and end the process with its exit code.

    Taking apart what PyTorch and its libraries have built takes the interpreter seconds, ten where
    other programs run. Nobody needs it, and a worker that stops a container waits ten seconds in all.
    """
    codes: list[int] = []
    # What is registered first runs last: whoever has something to do at the end has done it by then.
    atexit.register(_leave, codes)
    codes.append(_code_of(main))
    sys.exit(codes[-1])


def leave_at_once(code: int) -> NoReturn:
    """End the process in the middle of its work, for which there is no time any more."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _code_of(main: Callable[[], int]) -> int:
    try:
        return main()
    except SystemExit as leaving:  # argparse has answered a question such as --help
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        raise


def _leave(codes: list[int]) -> None:
    """End the process, unless the program ended in a way that the interpreter has to tell of."""
    if not codes:
        return
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            return  # the interpreter knows what to say of an output that nobody reads
    os._exit(codes[-1])
