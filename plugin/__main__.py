"""The container's front door: ``--list_cli``, ``NAME --xml``, ``NAME --help`` and ``NAME words…``.

The command runs in this very process, the container's first, so that a request to stop reaches it.
Exit codes: 0 done, 2 wrong usage or bad input, 1 any other failure.
"""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Sequence

from patherea_core.errors import Cancelled, CredentialsError, InputError, OutputError, PathereaError
from plugin import descriptions, logs, pickers
from plugin.leaving import run_and_leave
from plugin.progress import SlicerProgress, StopSignal

log = logging.getLogger("patherea")

_USAGE = "usage: --list_cli | NAME --xml | NAME --help | NAME arguments; NAME is one of: "


def main(words: Sequence[str] | None = None) -> int:
    """Answer the archive and return the exit code."""
    logs.set_up()
    given = list(sys.argv[1:] if words is None else words)
    hide_secrets(given, ("--girderToken",))
    return guarded(lambda: _answer(given))


def guarded(action: Callable[[], int]) -> int:
    """Run an action; turn every failure into one clear sentence on standard error and an exit code."""
    try:
        return action()
    except PathereaError as error:
        # What the person can mend needs no traceback, and a stop that somebody asked for is no error.
        log.log(logging.WARNING if isinstance(error, Cancelled) else logging.ERROR, "%s", error)
        log.debug("caused by", exc_info=True)
        return exit_code(error)
    except KeyboardInterrupt:
        log.error("interrupted")  # noqa: TRY400  the person knows where the traceback would point
        return 1
    except BrokenPipeError:
        # Whoever read the output has had enough, as head does.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  for what is left to flush
        return 1
    except SystemExit as leaving:
        if leaving.code == 0:  # argparse has answered a question such as --help
            raise
        # A library that leaves the program has not done what was asked, whatever it says.
        log.error("ended before the work was done")  # noqa: TRY400  it is no error of this program
        log.debug("left at", exc_info=True)
        return 1
    except Exception:  # the one place that catches everything, so that no job dies unexplained
        log.exception("something went wrong that should not; please report it with the lines below")
        return 1


def exit_code(error: PathereaError) -> int:
    """Return 2 if the caller can mend it by calling otherwise, else 1."""
    return 2 if isinstance(error, InputError | OutputError | CredentialsError) else 1


def hide_secrets(words: Sequence[str], flags: Iterable[str]) -> None:
    """Keep the values of these flags off every log line."""
    for flag in flags:
        for place, word in enumerate(words):
            if word == flag and place + 1 < len(words):
                logs.hide(words[place + 1])
            elif word.startswith(f"{flag}="):
                logs.hide(word.partition("=")[2])


def _answer(words: list[str]) -> int:
    if words == ["--list_cli"]:
        print(descriptions.list_text().strip())
        return 0
    if not words or words[0].startswith("-"):
        raise InputError(_USAGE + ", ".join(descriptions.names()))
    name, *rest = words
    if "--xml" in rest:
        print(pickers.described(name).strip())
        return 0
    if "--help" in rest or "-h" in rest:
        print(descriptions.help_text(name))
        return 0
    if pickers.is_asked(rest):
        for line in pickers.answer(name, rest):
            print(line)
        return 0
    return _run(name, rest)


def _run(name: str, words: list[str]) -> int:
    from plugin.arguments import read_action

    stop = StopSignal().install()
    action = read_action(name, words)
    with SlicerProgress(name, stop) as progress:
        action(progress)
    return 0


if __name__ == "__main__":
    run_and_leave(main)
