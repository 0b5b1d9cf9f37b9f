"""How far a command has come, for the archive's job page and for a person at a terminal.

Both learn of a request to stop: a signal sets a flag, and the next report raises ``Cancelled``, so
that the command can save what it owes before it goes.
"""

import math
import signal
import sys
import time
import unicodedata
from collections.abc import Callable
from types import FrameType
from typing import Self, TextIO
from xml.sax.saxutils import escape

from tqdm import tqdm

from patherea_core.errors import Cancelled

#: Seconds between two reports; the archive shows no more than two a second.
_INTERVAL = 0.5

#: Seconds between two lines where there is no terminal.
_LINE_INTERVAL = 10.0


class StopSignal:
    """Whether somebody asked the program to stop.

    The first process of a container has no default action for SIGTERM, so without a handler of its
    own it would run on until it is killed with nothing saved.
    """

    def __init__(self) -> None:
        self._requested = False

    def install(self) -> Self:
        """Listen for SIGTERM and SIGINT from now on."""
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, self._note)
        return self

    @property
    def requested(self) -> bool:
        """True once the program was asked to stop."""
        return self._requested

    def check(self) -> None:
        """Raise Cancelled if the program was asked to stop."""
        if self._requested:
            raise Cancelled("stopped on request")

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._requested and number == signal.SIGINT:
            raise KeyboardInterrupt
        self._requested = True


class SlicerProgress:
    """Progress as the tags that the archive reads from standard output.

    The archive's reader dies of a byte that is not ASCII and of a fraction that is not a number, so
    only escaped ASCII and numbers from 0 to 1 are written, each tag on its own line.
    """

    def __init__(
        self,
        name: str,
        stop: StopSignal,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._stop = stop
        self._stream = stream or sys.stdout
        self._clock = clock
        self._started = clock()
        self._reported = -math.inf
        self._message = ""

    def __enter__(self) -> Self:
        self._started = self._clock()
        self._write("<filter-start>", _tag("filter-name", self._name), "</filter-start>")
        return self

    def __exit__(self, *_failure: object) -> None:
        seconds = f"{self._clock() - self._started:.1f}"
        self._write(
            "<filter-end>",
            _tag("filter-name", self._name),
            _tag("filter-time", seconds),
            "</filter-end>",
        )

    def advance(self, fraction: float, message: str = "") -> None:
        """Report the fraction done, at most twice a second; the end always.

        Raises:
            Cancelled: the program was asked to stop.
        """
        self._stop.check()
        now = self._clock()
        if not math.isfinite(fraction) or (now - self._reported < _INTERVAL and fraction < 1):
            return
        self._reported = now
        if message and message != self._message:
            self._message = message
            self._write(_tag("filter-comment", message))
        self._write(_tag("filter-progress", f"{min(1.0, max(0.0, fraction)):.4f}"))

    def _write(self, *lines: str) -> None:
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()


class TerminalProgress:
    """Progress as a bar on standard error; a line now and then where that is no terminal."""

    def __init__(
        self,
        name: str,
        stop: StopSignal,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._stop = stop
        self._stream = stream or sys.stderr
        self._clock = clock
        self._shown: _Bar | _Lines | None = None
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        if self._shown is not None:
            self._shown.close()

    def advance(self, fraction: float, message: str = "") -> None:
        """Report the fraction done; the whole ends the bar, so that later lines do not draw it again.

        Raises:
            Cancelled: the program was asked to stop.
        """
        self._stop.check()
        if self._done:
            return
        if self._shown is None:
            self._shown = self._appeared()
        self._shown.show(max(0.0, min(1.0, fraction)), message)
        if fraction >= 1:
            self._done = True
            self._shown.close()

    def _appeared(self) -> "_Bar | _Lines":
        """Return what shows the progress, from the first report on: wrong usage needs none."""
        if self._stream.isatty():
            return _Bar(self._name, self._stream)
        return _Lines(self._name, self._stream, self._clock)


class _Bar:
    """A bar that is drawn over and over in one line of a terminal."""

    def __init__(self, name: str, stream: TextIO) -> None:
        self._name = name
        self._bar = tqdm(
            total=1.0,
            desc=_begun(name, 0.0),
            file=stream,
            mininterval=_INTERVAL,
            miniters=0,
            bar_format="{desc} |{bar}| {elapsed}{postfix}",
        )

    def show(self, fraction: float, message: str) -> None:
        """Draw the fraction in [0, 1] that is done; no message leaves the one that was there."""
        if message:
            self._bar.set_postfix_str(message, refresh=False)
        self._bar.set_description_str(_begun(self._name, fraction), refresh=False)
        self._bar.update(max(0.0, fraction - self._bar.n))

    def close(self) -> None:
        """Leave the bar as it is now."""
        self._bar.close()


class _Lines:
    """Plain lines for a file or the log of a job, which keep all that a terminal would draw over."""

    def __init__(self, name: str, stream: TextIO, clock: Callable[[], float]) -> None:
        self._name = name
        self._stream = stream
        self._clock = clock
        self._started = clock()
        self._written = -math.inf
        self._message = ""
        self._line = ""

    def show(self, fraction: float, message: str) -> None:
        """Write the fraction in [0, 1] that is done, unless something was written a moment ago."""
        self._message = message or self._message
        now = self._clock()
        elapsed = tqdm.format_interval(now - self._started)
        words = " ".join(self._message.split())
        self._line = ", ".join(filter(None, [f"{_begun(self._name, fraction)} {elapsed}", words]))
        if now - self._written >= _LINE_INTERVAL:
            self._write(now)

    def close(self) -> None:
        """Write what was told last, if that was not written."""
        if self._line:
            self._write(self._clock())

    def _write(self, now: float) -> None:
        self._stream.write(f"{self._line}\n")
        self._stream.flush()
        self._written, self._line = now, ""


def _begun(name: str, fraction: float) -> str:
    """Return the name and the whole percents that are done: 100 only where nothing is left."""
    return f"{name} {math.floor(100 * fraction):3d}%"


def _tag(name: str, text: str) -> str:
    # mm² as mm2, é as e; what has no such form becomes a question mark.
    near = unicodedata.normalize("NFKD", text.replace("\N{MICRO SIGN}", "u"))
    near = "".join(letter for letter in near if not unicodedata.combining(letter))
    plain = " ".join(near.split()).encode("ascii", "replace").decode("ascii")
    return f"<{name}>{escape(plain)}</{name}>"
