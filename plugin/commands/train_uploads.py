"""What a training leaves in the archive while it runs: curves for people, and states to go on from.

All of it is sent beside the training, which never waits for the archive and does not end when the archive
is away or takes the token no more.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patherea_core.data.store import pack
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import epochs_in
from plugin.commands.sending_beside import NEVER, SendingBeside, Stamp, UploadPace, stamp
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

__all__ = ["RunUploads", "SentRun", "UploadPace"]

log = logging.getLogger(__name__)

#: How many times as long as it took to send a state the next one waits at the least.
_REST = 4


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


class RunUploads(SendingBeside):
    """Sends what changes in the folder of a training; see ``SendingBeside``.

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
        super().__init__(item, "training", pace, clock)
        self._sent = sent
        self._begun = False
        self._state = self._best = NEVER
        self._took = 0.0
        self._shown: tuple[Stamp, Stamp] = (NEVER, NEVER)
        self._shown_at = self._kept_at = -math.inf

    def _facts(self) -> dict[str, Any]:
        return facts_of_run(self._sent.folder)

    def _is_begun(self) -> bool:
        return self._begun or self._sent.folder.last.exists()

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
        if waited >= self._pace.state or (stamp(run.best) != self._best and waited >= pause):
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
        shown = stamp(run.metrics), stamp(run.curves)
        if shown[0] is None or shown == self._shown:
            return
        self._item.tell(self._stands, self.facts())
        self._item.put(run.metrics, METRICS)
        if run.curves.exists():
            self._item.put(run.curves, CURVES)
        self._shown, self._shown_at = shown, now

    def _keep(self) -> None:
        run = self._sent.folder
        state, best = stamp(run.last), stamp(run.best)
        if state in (None, self._state):
            return
        began, path = self._clock(), self._sent.scratch / CHECKPOINT
        epochs = epochs_in(run.last)
        pack_checkpoint(run, self._sent.asked, path)
        self._item.put(path, CHECKPOINT)
        self.kept_epochs = epochs
        self._state, self._best, self._kept_at = state, best, self._clock()
        self._took = self._kept_at - began
