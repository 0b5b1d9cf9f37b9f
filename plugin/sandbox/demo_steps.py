"""What the demo says while it runs: numbered steps with their progress and time."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from patherea_core.progress import Progress
from plugin.progress import StopSignal, TerminalProgress


class Steps:
    """The steps of a task of known length, told to a person one by one."""

    def __init__(self, count: int, stop: StopSignal, stream: TextIO | None = None) -> None:
        self._count = count
        self._stop = stop
        self._stream = stream or sys.stdout
        self._seconds: dict[str, float] = {}

    @property
    def seconds(self) -> dict[str, float]:
        """How long each finished step took, by its title."""
        return dict(self._seconds)

    @contextmanager
    def step(self, title: str) -> Iterator[Progress]:
        """Announce a step, yield its progress, and note the time that it took."""
        self.say(f"[{len(self._seconds) + 1}/{self._count}] {title}")
        started = time.monotonic()
        with TerminalProgress("     ", self._stop) as progress:
            yield progress
            progress.advance(1.0)
        self._seconds[title] = round(time.monotonic() - started, 1)

    def say(self, text: str = "") -> None:
        """Write a line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def say_times(self) -> None:
        """Write how long each step took, and all of them together."""
        for title, seconds in self._seconds.items():
            self.say(f"{seconds:8.1f} s  {title}")
        self.say(f"{sum(self._seconds.values()):8.1f} s  in all")
