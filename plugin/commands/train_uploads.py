"""What a training leaves in the archive while it runs: curves for people, and states to go on from.

All of it is sent beside the training, which never waits for the archive and does not end when the archive
is away or takes the token no more.
"""

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from patherea_core.data.store import pack
from patherea_core.errors import PathereaError
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import epochs_in
from plugin.commands.train_checkpoint import AskedTraining, pack_checkpoint
from plugin.commands.train_item import (
    CHECKPOINT,
    CURVES,
    DATASET,
    METRICS,
    RECIPE,
    RunItem,
    facts_of_run,
)

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


@dataclass(frozen=True, slots=True)
class SentRun:
    """What is sent of a training.

    Attributes:
        folder: of the run; it is looked at, and need not be there yet.
        asked: how the training was asked for.
        dataset: what is to lie with the run, a folder or one file; None if the archive has it already.
        scratch: an existing folder for what is packed.
    """

    folder: RunFolder
    asked: AskedTraining
    dataset: Path | None
    scratch: Path


class RunUploads:
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
        self._stands = "training"
        self._told = self._begun = False
        self._seconds = math.inf
        self._state = self._best = _NEVER
        self._took = 0.0
        self._shown: tuple[_Stamp, _Stamp] = (_NEVER, _NEVER)
        self._shown_at = self._kept_at = self._refused_at = -math.inf

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
        return facts_of_run(self._sent.folder) | kept

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
        begun = self._begun or self._sent.folder.last.exists()
        if self._and_then is not None and begun:
            self._attempt(self._look_again)
            self._attempt(self._and_then)

    def _attempt(self, look: Callable[[], None]) -> None:
        try:
            look()
        except (PathereaError, OSError) as error:
            if self._refused_at == -math.inf:
                log.warning(
                    "what the training has so far is not in the archive: %s; the training goes on, and it"
                    " is tried again",
                    error,
                )
            self._refused_at = self._clock()
        else:
            if self._refused_at > -math.inf:
                log.info("the archive takes what the training has again")
            self._refused_at = -math.inf

    def _look(self) -> None:
        """Send what is due."""
        now, run = self._clock(), self._sent.folder
        if not run.identity.exists():
            return
        self._begin()
        if now - self._shown_at >= self._pace.page:
            self._show(now)
        waited = now - self._kept_at
        # Where a state takes long to send, a better one waits, so that the way to the archive stays free.
        pause = min(self._pace.state, max(self._pace.best, _REST * self._took))
        if waited >= self._pace.state or (_stamp(run.best) != self._best and waited >= pause):
            self._keep()

    def _look_again(self) -> None:
        """Send what was not sent yet, what matters most first."""
        self._begin()
        # A large state would arrive too late, and keep the model from arriving at all.
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
        self._item.put(self._sent.folder.recipe, RECIPE)
        if (dataset := self._sent.dataset) is not None:
            self._item.put(self._packed(dataset), DATASET)
        self._begun = True

    def _packed(self, dataset: Path) -> Path:
        if not dataset.is_dir():
            return dataset
        packed = self._sent.scratch / DATASET
        if not packed.exists():
            pack(dataset, packed)
        return packed

    def _show(self, now: float) -> None:
        run = self._sent.folder
        shown = _stamp(run.metrics), _stamp(run.curves)
        if shown[0] is None or shown == self._shown:
            return
        self._item.tell(self._stands, self.facts())
        self._item.put(run.metrics, METRICS)
        if run.curves.exists():
            self._item.put(run.curves, CURVES)
        self._shown, self._shown_at = shown, now

    def _keep(self) -> None:
        run = self._sent.folder
        state, best = _stamp(run.last), _stamp(run.best)
        if state in (None, self._state):
            return
        began, path = self._clock(), self._sent.scratch / CHECKPOINT
        epochs = epochs_in(run.last)
        pack_checkpoint(run, self._sent.asked, path)
        self._item.put(path, CHECKPOINT)
        self.kept_epochs = epochs
        self._state, self._best, self._kept_at = state, best, self._clock()
        self._took = self._kept_at - began


#: A file as it is now; None if it is not there.
_Stamp = tuple[int, int] | None

#: What no file looks like.
_NEVER: _Stamp = (-1, -1)


def _stamp(path: Path) -> _Stamp:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return None
    return facts.st_ino, facts.st_mtime_ns
