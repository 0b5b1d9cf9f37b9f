"""What a pretraining leaves in the archive while it runs: curves and pictures, and states to go on from.

All of it is sent beside the pretraining, which never waits for the archive and does not end when the
archive is away or takes the token no more.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.run.kept_state import epochs_in
from plugin.commands.pretrain_checkpoint import AskedPretraining, pack_checkpoint
from plugin.commands.pretrain_item import CHECKPOINT, SETTINGS, facts_of_run, shown_files
from plugin.commands.sending_beside import NEVER, SendingBeside, UploadPace, stamp
from plugin.commands.train_item import RunItem

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SentPretraining:
    """What is sent of a pretraining.

    Attributes:
        folder: of the run; it is looked at, and need not be there yet.
        asked: how it was asked for.
        scratch: an existing folder for what is packed.
    """

    folder: PretrainingFolder
    asked: AskedPretraining
    scratch: Path


class PretrainingUploads(SendingBeside):
    """Sends what changes in the folder of a pretraining; see ``SendingBeside``.

    Args:
        item: where it is sent.
        sent: what is sent.
        pace: how often.
        clock: seconds from any beginning.
    """

    def __init__(
        self,
        item: RunItem,
        sent: SentPretraining,
        pace: UploadPace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(item, "pretraining", pace, clock)
        self._sent = sent
        self._begun = False
        self._took = 0.0
        self._state = self._shown = NEVER
        self._shown_at = self._kept_at = -math.inf

    def _facts(self) -> dict[str, Any]:
        return facts_of_run(self._sent.folder)

    def _is_begun(self) -> bool:
        return self._begun or self._sent.folder.last.exists()

    def _look(self) -> None:
        """Send what is due."""
        now = self._clock()
        if not self._sent.folder.settings.exists():
            return
        self._begin()
        if now - self._shown_at >= self._pace.page:
            self._show(now)
        if now - self._kept_at >= self._pace.state:
            self._keep()

    def _look_again(self) -> None:
        """Send what was not sent yet, what matters most first."""
        self._begin()
        # A large state would arrive too late.
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
        self._item.put(self._sent.folder.settings, SETTINGS)
        self._begun = True

    def _show(self, now: float) -> None:
        run = self._sent.folder
        metrics = stamp(run.metrics)
        if metrics in (None, self._shown):
            return
        self._item.tell(self._stands, self.facts())
        for path, name in shown_files(run):
            self._item.put(path, name)
        self._shown, self._shown_at = metrics, now

    def _keep(self) -> None:
        run = self._sent.folder
        state = stamp(run.last)
        if state in (None, self._state):
            return
        began, path = self._clock(), self._sent.scratch / CHECKPOINT
        epochs = epochs_in(run.last)
        pack_checkpoint(run, self._sent.asked, path)
        self._item.put(path, CHECKPOINT)
        self.kept_epochs = epochs
        self._state, self._kept_at = state, self._clock()
        self._took = self._kept_at - began
