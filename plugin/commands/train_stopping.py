"""A request to stop, noticed as soon as it is made, and obeyed within the seconds that a worker gives."""

import logging
import math
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Self

from patherea_core.config import Recipe
from patherea_core.errors import Cancelled
from patherea_core.progress import Progress
from patherea_core.workflow.run.folder import RunFolder
from plugin.leaving import leave_at_once

log = logging.getLogger(__name__)

#: Seconds between two looks.
_LOOK = 0.2

#: Seconds from the request to the end; a worker kills what is there after ten.
_GIVEN = 8.0


class StopWatch:
    """Looks beside the training whether it is asked to stop, from entering on until leaving.

    A step of a large network takes many seconds on a processor, and the training itself learns of the
    request after that only.

    Args:
        progress: knows of the request.
        notice: done once, as soon as the request is seen.
        leave: done if the training has not ended when its time is up; it ends the process.
        given: seconds from the one to the other.
        clock: seconds from any beginning.
    """

    def __init__(
        self,
        progress: Progress,
        notice: Callable[[], None],
        leave: Callable[[], None],
        given: float = _GIVEN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._progress, self._notice, self._leave = progress, notice, leave
        self._given, self._clock = given, clock
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._until: float | None = None
        self._thread = threading.Thread(target=self._work, name="stop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()

    def left(self) -> float:
        """Return how many seconds are left, and count from now on if the request was not seen before."""
        self._begin()
        assert self._until is not None
        return max(0.0, self._until - self._clock())

    def _work(self) -> None:
        while not asked_to_stop(self._progress):
            if self._ended.wait(_LOOK):
                return
        if not self._ended.wait(self.left()):
            self._leave()

    def _begin(self) -> None:
        with self._lock:
            if self._until is not None:
                return
            self._until = self._clock() + self._given
        # The archive may be away; whoever has to end does not wait for that.
        threading.Thread(target=self._notice, name="notice", daemon=True).start()


def asked_to_stop(progress: Progress) -> bool:
    """Return whether a task is asked to stop; of its progress nothing is told."""
    try:
        progress.advance(math.nan)  # what is no number is not shown
    except Cancelled:
        return True
    return False


def how_far(run: RunFolder) -> str:
    """Return after which of its epochs a run is, in words.

    Raises:
        InputError: its state is broken.
    """
    if not run.recipe.exists():
        return "before its first epoch"
    return run.how_far(Recipe.model_validate_json(run.recipe.read_bytes()).training.epochs)


def leave(message: str, scratch: Path) -> NoReturn:
    """Say what there is of a training, remove its scratch folder, and end the process as a failed one."""
    log.warning("%s", message)
    shutil.rmtree(scratch, ignore_errors=True)
    leave_at_once(1)
