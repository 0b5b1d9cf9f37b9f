"""Where long work says how far it has come, and learns that it should stop."""

from dataclasses import dataclass
from typing import Protocol


class Progress(Protocol):
    """Somewhere to say how far a long task has come."""

    def advance(self, fraction: float, message: str = "") -> None:
        """Report the fraction done, in [0, 1].

        Raises:
            Cancelled: the person or the platform asked to stop; the caller saves what it owes and lets
                the exception pass.
        """


class Silent:
    """A progress that nobody listens to."""

    def advance(self, fraction: float, message: str = "") -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """The progress of one part of a task, from ``start`` to ``stop`` of the whole."""

    whole: Progress
    start: float
    stop: float

    def advance(self, fraction: float, message: str = "") -> None:
        """Report the fraction of this part that is done."""
        self.whole.advance(self.start + fraction * (self.stop - self.start), message)


#: Seconds by which a length of time goes up that is less than a minute.
_STEP = 5


def in_words(seconds: float) -> str:
    """Return a length of time as a person would say it; any, however short, is a few seconds."""
    steps = max(1, round(seconds / _STEP))
    if steps * _STEP < 60:
        return f"{steps * _STEP} s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} min"
    return f"{round(minutes / 60)} h"
