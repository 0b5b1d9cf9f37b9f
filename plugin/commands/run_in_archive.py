"""A run in the archive, whatever is trained: it is sent to an item while it goes on, and however it ends."""

import logging
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path

from patherea_core.errors import ArchiveError, Cancelled, PathereaError
from patherea_core.progress import Part, Progress
from patherea_core.workflow.run.kept_state import epochs_in
from plugin.commands.patient_delivery import deliver_patiently
from plugin.commands.run_item import CHECKPOINT, RunItem
from plugin.commands.sending_beside import SendingBeside, SentRun, UploadPace
from plugin.commands.train_stopping import StopWatch, leave

log = logging.getLogger(__name__)

#: Share of the progress at which only the archive has to take the result.
_TRAINED = 0.99

#: Seconds that a run that is stopped gives the archive to take its last state; it has eight in all.
_LAST = 4.0

#: Seconds that are kept for what is left to do after that.
_CLEARING = 1.0

#: Seconds for the same of a run that fails.
_FAILED = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePlace:
    """Where a run in the archive works, and where it leaves what it has.

    Attributes:
        scratch: an existing folder for what is fetched and packed.
        api_url: the archive's REST interface.
        token: of the archive.
        runs_folder: the folder in which an item is made for a run that starts; empty for none.
        pace: how often the run is sent there.
    """

    scratch: Path
    api_url: str
    token: str
    runs_folder: str = ""
    pace: UploadPace = field(default_factory=UploadPace)


class RunInArchive(ABC):
    """One run that is sent to an item of the archive.

    Args:
        result: what the run is for, in a word: model, or backbone.
        item: where it is sent.
        sent: what is sent.
        pace: how often.
        earlier: id and name of the item of a run that goes on; None for a run that starts.
    """

    def __init__(
        self,
        result: str,
        item: RunItem,
        sent: SentRun,
        pace: UploadPace,
        earlier: tuple[str, str] | None,
    ) -> None:
        self._result, self._item, self._sent = result, item, sent
        self._uploads = SendingBeside(item, sent, pace)
        if earlier is not None:
            item.id, item.name = earlier
            self._uploads.kept_epochs = epochs_in(sent.folder.last)

    def run(self, progress: Progress) -> Path:
        """Train, and leave in the archive what there is at the end, whatever that is.

        Raises:
            ArchiveError: the archive does not take the result.
            Cancelled: the progress asked to stop; the message says how to go on.
            PathereaError: what the training raises.
        """
        with self._uploads:
            result = self._watched(Part(progress, 0.0, _TRAINED))
            self._deliver(Part(progress, _TRAINED, 1.0))
        return result

    @abstractmethod
    def _train(self, progress: Progress) -> Path:
        """Return the path of the result."""

    @abstractmethod
    def _how_far(self) -> str:
        """Return after which of its epochs the run is, in words."""

    @abstractmethod
    def _leave_result(self) -> None:
        """Put the result and what belongs to it into the item, and tell that the run is complete."""

    @abstractmethod
    def _leave_rest(self, state: str) -> None:
        """Put what there is of a run that is stopped into the item, and tell that it stands so."""

    @abstractmethod
    def _untaken(self, error: ArchiveError) -> None:
        """Say what there is of a result that the archive does not take.

        Raises:
            ArchiveError: there is no other place for it.
        """

    def _undelivered(self, message: str) -> str:
        """Return what there is of a run that is stopped before the archive has its result, in words."""
        return f"{message} before the archive had the {self._result}; {self._way_on()}"

    def _said_of_stop(self, message: str) -> str:
        """Return what still holds of the message of a run that is stopped; the folder it tells of is gone."""
        return message.partition(";")[0]

    def _way_on(self) -> str:
        if (epochs := self._uploads.kept_epochs) is None:
            return "the archive has no state of it to go on from"
        return (
            f"to go on, choose the item {self._item.name!r} of the archive in a new job, which goes on after"
            f" epoch {epochs}"
        )

    def _watched(self, progress: Progress) -> Path:
        with StopWatch(progress, self._note_stop, self._leave_at_once) as watch:
            try:
                return self._train(progress)
            except Cancelled as stop:
                raise Cancelled(self._stopped(str(stop), watch.left())) from stop
            except PathereaError as error:
                self._failed(str(error))
                raise

    def _deliver(self, progress: Progress) -> None:
        """Leave the result in the archive, once what was under way has arrived there."""
        try:
            while not self._uploads.end(1.0):
                progress.advance(0.0, "the archive takes the last curves")
            deliver_patiently(f"the {self._result}", self._leave_all, progress)
        except Cancelled as stop:
            raise Cancelled(self._undelivered(str(stop))) from stop
        except ArchiveError as error:
            self._untaken(error)
        else:
            progress.advance(1.0, f"the archive has the {self._result}")
            log.info("the %s is in the item %r of the archive", self._result, self._item.name)

    def _leave_all(self) -> None:
        """Leave the result, and remove what nobody has to go on from any more."""
        self._leave_result()
        self._item.drop(CHECKPOINT)

    def _stand(self) -> str:
        """Return how a run stands that is asked to stop."""
        return f"{self._sent.what} was stopped {self._how_far()}"

    def _note_stop(self) -> None:
        """Note in the archive that the run is stopped, before anything that takes long."""
        self._uploads.note(self._stand())

    def _leave_at_once(self) -> None:
        """End the process, whose time is up, and say what there is of the run."""
        leave(f"{self._stand()}; {self._way_on()}", self._sent.scratch)

    def _stopped(self, message: str, seconds: float) -> str:
        """Leave what there is of a stopped run, as far as time allows; return that in words."""
        limit = min(_LAST, max(0.0, seconds - _CLEARING))
        state = message.partition(";")[0]
        self._uploads.end(limit, lambda: self._leave_rest(state))
        return f"{self._said_of_stop(message)}; {self._way_on()}"

    def _failed(self, message: str) -> None:
        """Leave the last state of a run that went astray, and note why."""
        self._uploads.end(
            _FAILED, lambda: self._item.tell(f"failed: {message}", self._uploads.facts())
        )
