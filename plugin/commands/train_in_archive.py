"""Train in the archive: from its slides or a dataset there, to an item that holds the run and its model."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from patherea_core.bundle_file import read_card
from patherea_core.errors import ArchiveError, Cancelled, CredentialsError, PathereaError
from patherea_core.files import write_whole
from patherea_core.progress import Part, Progress
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import epochs_in
from plugin import provenance
from plugin.commands import train_detector
from plugin.commands.train_detector import TrainRequest, require_usable
from plugin.commands.train_item import (
    CARD,
    CHECKPOINT,
    CURVES,
    METRICS,
    MODEL,
    RunItem,
    facts_of_model,
    facts_of_run,
)
from plugin.commands.train_source import EarlierRun, Place, Prepared, SlidesFolder, Source, prepare
from plugin.commands.train_stopping import StopWatch, how_far, leave
from plugin.commands.train_uploads import RunUploads, SentRun, UploadPace
from plugin.dsa.session import connect
from plugin.dsa.uploads import require_writable_folder
from plugin.outputs.model_card import card_page

log = logging.getLogger(__name__)

#: Share of the progress that is given to the dataset, if slides have to be cut and if not.
_CUTTING, _FETCHING = 0.2, 0.05

#: Share of the progress at which only the archive has to take the model.
_TRAINED = 0.99

#: Seconds that a training that is stopped gives the archive to take its last state; it has eight in all.
_LAST = 4.0

#: Seconds that are kept for what is left to do after that.
_CLEARING = 1.0

#: Seconds for the same of a training that fails.
_FAILED = 60.0

#: Seconds before each further attempt to leave the model in the archive.
_PAUSES = (2, 5, 15, 60, 120, 300, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveTraining:
    """What to train on in the archive, how, and where to.

    Attributes:
        source: what to train on.
        training: how to train; its dataset is found for it.
        scratch: an existing folder for what is fetched and packed.
        api_url: the archive's REST interface.
        token: of the archive.
        runs_folder: the folder in which an item is made for the run; empty for none.
        pace: how often the run is sent there.
    """

    source: Source
    training: TrainRequest
    scratch: Path
    api_url: str
    token: str
    runs_folder: str = ""
    pace: UploadPace = field(default_factory=UploadPace)


def run(request: ArchiveTraining, progress: Progress) -> Path:
    """Train as requested and return the path of the model bundle in the run folder.

    Raises:
        InputError: something of what was asked for cannot serve.
        ArchiveError: the archive does not answer before the training, or does not take the model after it.
        OutputError: the results cannot be written.
        TrainingError: the training went astray.
        Cancelled: the progress asked to stop; the message says what was delivered.
    """
    if not isinstance(request.source, EarlierRun):
        require_usable(request.training)
    session = connect(request.api_url, request.token)
    if request.runs_folder:
        require_writable_folder(session, request.runs_folder)
    share = _CUTTING if isinstance(request.source, SlidesFolder) else _FETCHING
    place = Place(session, request.api_url, request.token, request.scratch)
    prepared = prepare(request.source, request.training, place, Part(progress, 0.0, share))
    rest = Part(progress, share, 1.0)
    if prepared.item is None and not request.runs_folder:
        return train_detector.run(prepared.training, rest)
    facts = {"program": provenance.program(), "recipe": prepared.training.recipe_name}
    item = RunItem(
        session, request.runs_folder, _name(prepared.training), facts | dict(prepared.facts)
    )
    if prepared.item is not None:
        item.id, item.name = prepared.item
    return _Training(request, prepared, item).run(rest)


def _name(training: TrainRequest) -> str:
    """Return what the item of a run is called."""
    return f"{training.words.name or 'Detector'}, {provenance.now()[:16].replace('T', ' ')}"


class _Training:
    """One training whose run is sent to an item of the archive."""

    def __init__(self, request: ArchiveTraining, prepared: Prepared, item: RunItem) -> None:
        given = prepared.training
        self._delivered = given.model_out is not None
        model = given.model_out or request.scratch / MODEL
        self._training = replace(given, model_out=model)
        self._model = model
        self._scratch = request.scratch
        self._run = RunFolder(given.out)
        self._item = item
        sent = SentRun(self._run, prepared.asked, prepared.dataset, request.scratch)
        self._uploads = RunUploads(item, sent, request.pace)
        if prepared.item is not None:
            self._uploads.kept_epochs = epochs_in(self._run.last)

    def run(self, progress: Progress) -> Path:
        """Train, and leave in the archive what there is at the end, whatever that is."""
        with self._uploads:
            model = self._trained(Part(progress, 0.0, _TRAINED))
            try:
                self._deliver(Part(progress, _TRAINED, 1.0))
            except Cancelled as stop:
                raise Cancelled(self._undelivered(str(stop))) from stop
        return model

    def _trained(self, progress: Progress) -> Path:
        with StopWatch(progress, self._note_stop, self._leave_at_once) as watch:
            try:
                return train_detector.run(self._training, progress)
            except Cancelled as stop:
                raise Cancelled(self._stopped(str(stop), watch.left())) from stop
            except PathereaError as error:
                self._failed(str(error))
                raise

    def _deliver(self, progress: Progress) -> None:
        """Leave the model in the archive, once what was under way has arrived there."""
        while not self._uploads.end(1.0):
            progress.advance(0.0, "the archive takes the last curves")
        self._deliver_patiently(progress)

    def _deliver_patiently(self, progress: Progress) -> None:
        """Leave the model in the archive, which may be away for a while."""
        for pause in (*_PAUSES, None):
            progress.advance(0.0, "the archive takes the model")
            try:
                self._leave_model("complete", facts_of_run(self._run))
                self._item.drop(CHECKPOINT)
            except ArchiveError as error:
                if pause is None or isinstance(error, CredentialsError):
                    return self._keep_what_is_there(error)
                log.warning("%s; the model is brought again in %d s", error, pause)
                _wait(pause, lambda: progress.advance(0.0, "waiting for the archive"))
            else:
                progress.advance(1.0, "the archive has the model")
                log.info("the model is in the item %r of the archive", self._item.name)
                return None
        return None

    def _keep_what_is_there(self, error: ArchiveError) -> None:
        """Say what there is of a model that the archive does not take.

        Raises:
            ArchiveError: there is no other place for it.
        """
        if not self._delivered:
            raise ArchiveError(
                f"the model is trained, but the archive does not take it: {error}. Let a new job go on with"
                " the run, whose last state is in the archive"
            ) from error
        log.warning("the model is delivered as a file, but not in the item of its run: %s", error)

    def _leave_model(self, state: str, facts: Mapping[str, Any]) -> None:
        """Put the model and what belongs to it into the item."""
        card = read_card(self._model)
        page = self._scratch / CARD
        write_whole(page, card_page(card, "html").encode())
        self._item.put(self._model, MODEL)
        self._item.put(page, CARD)
        for path, name in ((self._run.metrics, METRICS), (self._run.curves, CURVES)):
            if path.exists():
                self._item.put(path, name)
        self._item.tell(state, dict(facts) | facts_of_model(card))

    def _note_stop(self) -> None:
        """Note in the archive that the training is stopped, before anything that takes long."""
        if self._run.recipe.exists():
            self._uploads.note(f"training was stopped {how_far(self._run)}")

    def _leave_at_once(self) -> None:
        """End the process, whose time is up, and say what there is of the training."""
        leave(f"training was stopped {how_far(self._run)}; {self._way_on()}", self._scratch)

    def _stopped(self, message: str, seconds: float) -> str:
        """Leave what there is of a training that is stopped, as far as time allows; return that in words."""
        what = message if self._delivered else message.partition(";")[0]
        limit = min(_LAST, max(0.0, seconds - _CLEARING))
        self._uploads.end(limit, lambda: self._leave_rest(what.partition(";")[0]))
        return f"{what}; {self._way_on()}"

    def _undelivered(self, message: str) -> str:
        """Return what there is of a training that is stopped before the archive has its model, in words."""
        if self._delivered:
            return f"{message}; the model is delivered as a file, but not in the item of its run"
        return f"{message} before the archive had the model; {self._way_on()}"

    def _way_on(self) -> str:
        if (epochs := self._uploads.kept_epochs) is None:
            return "the archive has no state of it to go on from"
        return (
            f"to go on, choose the item {self._item.name!r} of the archive in a new job, which goes on after"
            f" epoch {epochs}"
        )

    def _leave_rest(self, state: str) -> None:
        if self._model.exists():
            self._leave_model(state, self._uploads.facts())
        else:
            self._item.tell(state, self._uploads.facts())

    def _failed(self, message: str) -> None:
        """Leave the last state of a training that went astray, and note why."""
        self._uploads.end(
            _FAILED, lambda: self._item.tell(f"failed: {message}", self._uploads.facts())
        )


def _wait(seconds: float, ask: Callable[[], None]) -> None:
    """Wait, and ask meanwhile whether to stop."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ask()
        time.sleep(min(1.0, seconds))
