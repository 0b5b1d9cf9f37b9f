"""Sending what a run has to an item of the archive, beside the run, which never waits for the archive.

A run does not end either when the archive is away or takes the token no more: it is tried again.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from patherea_core.errors import PathereaError
from patherea_core.workflow.run.kept_state import epochs_in
from patherea_core.workflow.run.places import RunPlaces
from plugin.commands.file_stamp import NEVER, Stamp, stamp
from plugin.commands.run_item import CHECKPOINT, RunItem

log = logging.getLogger(__name__)

#: How many times as long as it took to send a state the next one waits at the least.
_REST = 4


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRun:
    """What is sent of a run.

    Attributes:
        what: the run is, in a word: training, or pretraining.
        folder: of the run; it is looked at, and need not be there yet.
        scratch: an existing folder for what is packed.
        facts: returns what the files of the run tell.
        staying: returns files that stay as they are from the beginning to the end, and their names.
        shown: returns files that show people how the run goes, as far as they are there, and their names.
        pack: writes all that the run goes on from to a file of that path.
        best: the state that is best so far, which is not to be lost; None if none is better than the last.
    """

    what: str
    folder: RunPlaces
    scratch: Path
    facts: Callable[[], dict[str, Any]]
    staying: Callable[[], Iterable[tuple[Path, str]]]
    shown: Callable[[], Iterable[tuple[Path, str]]]
    pack: Callable[[Path], None]
    best: Path | None = None


class SendingBeside:
    """Sends what changes in the folder of a run, from entering on until the end.

    Attributes:
        kept_epochs: how many epochs the state has behind it that the item holds; None if it holds none.

    Args:
        item: where it is sent.
        sent: what is sent.
        pace: how often.
        clock: seconds from any beginning.
    """

    def __init__(
        self,
        item: RunItem,
        sent: SentRun,
        pace: UploadPace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._item, self._sent, self._pace, self._clock = item, sent, pace, clock
        self._thread = threading.Thread(target=self._work, name="uploads", daemon=True)
        self._ending = threading.Event()
        self._and_then: Callable[[], None] | None = None
        self.kept_epochs: int | None = None
        self._stands = sent.what
        self._told = self._begun = False
        self._seconds = math.inf
        self._refused_at = self._shown_at = self._kept_at = -math.inf
        self._state = self._best = NEVER
        self._shown: list[Stamp] = []
        self._took = 0.0

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
        return self._sent.facts() | kept

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

    def _work(self) -> None:
        while not self._ending.wait(self._pace.look):
            if self._clock() - self._refused_at >= self._pace.retry:
                self._attempt(self._look)
        is_begun = self._begun or self._sent.folder.last.exists()
        if self._and_then is not None and is_begun:
            self._attempt(self._look_again)
            self._attempt(self._and_then)

    def _look(self) -> None:
        """Send what is due."""
        now = self._clock()
        if not self._sent.folder.identity.exists():
            return
        self._begin()
        if now - self._shown_at >= self._pace.page:
            self._show(now)
        waited = now - self._kept_at
        # Where a state takes long to send, a better one waits, so that the way to the archive stays free.
        pause = min(self._pace.state, max(self._pace.best, _REST * self._took))
        if waited >= self._pace.state or (self._best_now() != self._best and waited >= pause):
            self._keep()

    def _look_again(self) -> None:
        """Send what was not sent yet, what matters most first."""
        self._begin()
        # A large state would arrive too late, and keep the result from arriving at all.
        if self._took <= self._seconds:
            self._keep()
        self._show(self._clock())

    def _begin(self) -> None:
        """Send what stays as it is from the beginning to the end."""
        if self._begun:
            return
        self._item.tell(self._stands, self.facts())
        self._told = True
        log.info("the run is the item %r of the archive (%s)", self._item.name, self._item.known_id)
        for path, name in self._sent.staying():
            self._item.put(path, name)
        self._begun = True

    def _show(self, now: float) -> None:
        """Send what shows people how the run goes, if there is anything new."""
        files = list(self._sent.shown())
        shown = [stamp(path) for path, _ in files]
        if shown == self._shown:
            return
        self._item.tell(self._stands, self.facts())
        for path, name in files:
            self._item.put(path, name)
        self._shown, self._shown_at = shown, now

    def _keep(self) -> None:
        """Send all that the run goes on from, if it has got further."""
        state, best = stamp(self._sent.folder.last), self._best_now()
        if state in (None, self._state):
            return
        began, path = self._clock(), self._sent.scratch / CHECKPOINT
        epochs = epochs_in(self._sent.folder.last)
        self._sent.pack(path)
        self._item.put(path, CHECKPOINT)
        self.kept_epochs = epochs
        self._state, self._best, self._kept_at = state, best, self._clock()
        self._took = self._kept_at - began

    def _best_now(self) -> Stamp:
        return NEVER if self._sent.best is None else stamp(self._sent.best)

    def _attempt(self, look: Callable[[], None]) -> None:
        try:
            look()
        except (PathereaError, OSError) as error:
            if self._refused_at == -math.inf:
                log.warning(
                    "what the %s has so far is not in the archive: %s; the %s goes on, and it is tried again",
                    self._sent.what,
                    error,
                    self._sent.what,
                )
            self._refused_at = self._clock()
        else:
            if self._refused_at > -math.inf:
                log.info("the archive takes what the %s has again", self._sent.what)
            self._refused_at = -math.inf
