"""Sending what a run has to an item of the archive, beside the run, which never waits for the archive.

A run does not end either when the archive is away or takes the token no more: it is tried again.
"""

import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from patherea_core.errors import PathereaError
from plugin.commands.train_item import RunItem

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPace:
    """How often something is sent, all in seconds.

    Attributes:
        look: between two looks at the folder of the run.
        page: from curves to curves at the least.
        state: from state to state.
        best: from a state to the next at the least, if it is better than all before.
        retry: until the next attempt when the archive does not take something.
    """

    look: float = 1.0
    page: float = 30.0
    state: float = 600.0
    best: float = 120.0
    retry: float = 60.0


class SendingBeside(ABC):
    """Sends what changes in the folder of a run, from entering on until the end.

    Attributes:
        kept_epochs: how many epochs the state has behind it that the item holds; None if it holds none.

    Args:
        item: where it is sent.
        what: the run is, in a word: training, or pretraining.
        pace: how often.
        clock: seconds from any beginning.
    """

    def __init__(
        self,
        item: RunItem,
        what: str,
        pace: UploadPace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._item, self._what, self._pace, self._clock = item, what, pace, clock
        self._thread = threading.Thread(target=self._work, name="uploads", daemon=True)
        self._ending = threading.Event()
        self._and_then: Callable[[], None] | None = None
        self.kept_epochs: int | None = None
        self._stands = what
        self._told = False
        self._seconds = math.inf
        self._refused_at = -math.inf

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()

    def note(self, state: str) -> None:
        """Tell at once how the run stands, beside what is under way; until its end it stands so."""
        self._stands = state
        if not self._told:
            return
        try:
            self._item.tell(state, self.facts())
        except (PathereaError, OSError) as error:
            log.debug("the archive does not know yet: %s", error)  # it is told again at the end

    def facts(self) -> dict[str, Any]:
        """Return what the item tells of the run and of the state in it."""
        kept = {} if self.kept_epochs is None else {"kept_epoch": self.kept_epochs}
        return self._facts() | kept

    def end(self, seconds: float, and_then: Callable[[], None] | None = None) -> bool:
        """Send nothing more, and return whether what was under way has arrived or was given up.

        Args:
            seconds: to wait for that.
            and_then: if it is given, the last state is sent before, if it was not yet and the one before
                did not take longer than that, and then this is done; both go on beside the caller if they
                take longer.
        """
        self._and_then, self._seconds = and_then, seconds
        self._ending.set()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @abstractmethod
    def _facts(self) -> dict[str, Any]:
        """Return what the files of the run tell."""

    @abstractmethod
    def _look(self) -> None:
        """Send what is due."""

    @abstractmethod
    def _look_again(self) -> None:
        """Send what was not sent yet, what matters most first."""

    @abstractmethod
    def _is_begun(self) -> bool:
        """Return whether there is anything of the run."""

    def _work(self) -> None:
        while not self._ending.wait(self._pace.look):
            if self._clock() - self._refused_at >= self._pace.retry:
                self._attempt(self._look)
        if self._and_then is not None and self._is_begun():
            self._attempt(self._look_again)
            self._attempt(self._and_then)

    def _attempt(self, look: Callable[[], None]) -> None:
        try:
            look()
        except (PathereaError, OSError) as error:
            if self._refused_at == -math.inf:
                log.warning(
                    "what the %s has so far is not in the archive: %s; the %s goes on, and it is tried again",
                    self._what,
                    error,
                    self._what,
                )
            self._refused_at = self._clock()
        else:
            if self._refused_at > -math.inf:
                log.info("the archive takes what the %s has again", self._what)
            self._refused_at = -math.inf


#: A file as it is now; None if it is not there.
Stamp = tuple[int, int] | None

#: What no file looks like.
NEVER: Stamp = (-1, -1)


def stamp(path: Path) -> Stamp:
    """Return a file as it is now."""
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_ino, facts.st_mtime_ns
