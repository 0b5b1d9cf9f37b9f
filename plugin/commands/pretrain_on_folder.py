"""Pretrain in the archive: from its slides to an item that holds the run and its backbone."""

import logging
from dataclasses import dataclass, field
from pathlib import Path

from patherea_core.errors import ArchiveError, Cancelled, PathereaError
from patherea_core.progress import Part, Progress
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.run.kept_state import epochs_in
from plugin import provenance
from plugin.commands.patient_delivery import deliver_patiently
from plugin.commands.pretrain_backbone import (
    BackboneRequest,
    pretrain_on,
    require_sound,
    require_usable,
)
from plugin.commands.pretrain_item import (
    BACKBONE,
    CHECKPOINT,
    DESCRIPTION,
    KIND,
    facts_of_run,
    shown_files,
)
from plugin.commands.pretrain_slides import Prepared, SlidesFolder, Source, prepare
from plugin.commands.pretrain_uploads import PretrainingUploads, SentPretraining
from plugin.commands.sending_beside import UploadPace
from plugin.commands.train_item import RunItem
from plugin.commands.train_stopping import StopWatch, leave
from plugin.dsa.session import connect
from plugin.dsa.uploads import require_writable_folder

log = logging.getLogger(__name__)

#: Share of the progress that is given to the slides.
_FETCHING = 0.2

#: Share of the progress at which only the archive has to take the backbone.
_PRETRAINED = 0.99

#: Seconds that a pretraining that is stopped gives the archive to take its last state; it has eight in all.
_LAST = 4.0

#: Seconds that are kept for what is left to do after that.
_CLEARING = 1.0

#: Seconds for the same of a pretraining that fails.
_FAILED = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePretraining:
    """What to pretrain on in the archive, how, and where to.

    Attributes:
        source: what to look at.
        backbone: how to pretrain.
        scratch: an existing folder for what is fetched and packed.
        api_url: the archive's REST interface.
        token: of the archive.
        runs_folder: the folder in which an item is made for the run; empty for a run that goes on.
        pace: how often the run is sent there.
    """

    source: Source
    backbone: BackboneRequest
    scratch: Path
    api_url: str
    token: str
    runs_folder: str = ""
    pace: UploadPace = field(default_factory=UploadPace)


def run(request: ArchivePretraining, progress: Progress) -> Path:
    """Pretrain as requested and return the path of the backbone in the run folder.

    Raises:
        InputError: something of what was asked for cannot serve.
        ArchiveError: the archive does not answer before, or does not take the backbone after it.
        OutputError: the results cannot be written.
        TrainingError: the pretraining went astray.
        Cancelled: the progress asked to stop; the message says how to go on.
    """
    begins = isinstance(request.source, SlidesFolder)
    # A run that goes on has its own settings, which those of the form need not suit.
    (require_usable if begins else require_sound)(request.backbone)
    session = connect(request.api_url, request.token)
    if begins:
        require_writable_folder(session, request.runs_folder)
    fetching = Part(progress, 0.0, _FETCHING)
    prepared = prepare(request.source, request.backbone, session, request.scratch, fetching)
    item = RunItem(
        session,
        request.runs_folder,
        f"Backbone {prepared.config.backbone}, {provenance.now()[:16].replace('T', ' ')}",
        {
            "program": provenance.program(),
            "slides_folder": prepared.asked.folder_id,
            "slides": len(prepared.asked.slide_ids),
            "tiles": prepared.tiles.describe(),
        },
        kind=KIND,
        description=DESCRIPTION,
    )
    if prepared.item is not None:
        item.id, item.name = prepared.item
    return _Pretraining(request, prepared, item).run(Part(progress, _FETCHING, 1.0))


class _Pretraining:
    """One pretraining whose run is sent to an item of the archive."""

    def __init__(self, request: ArchivePretraining, prepared: Prepared, item: RunItem) -> None:
        self._prepared, self._item, self._scratch = prepared, item, request.scratch
        self._run = PretrainingFolder(prepared.backbone.out)
        sent = SentPretraining(self._run, prepared.asked, request.scratch)
        self._uploads = PretrainingUploads(item, sent, request.pace)
        if prepared.item is not None:
            self._uploads.kept_epochs = epochs_in(self._run.last)

    def run(self, progress: Progress) -> Path:
        """Pretrain, and leave in the archive what there is at the end, whatever that is."""
        with self._uploads:
            backbone = self._pretrained(Part(progress, 0.0, _PRETRAINED))
            self._deliver(Part(progress, _PRETRAINED, 1.0))
        return backbone

    def _pretrained(self, progress: Progress) -> Path:
        prepared = self._prepared
        command = ("PretrainBackbone", "--seed", str(prepared.backbone.seed))
        with StopWatch(progress, self._note_stop, self._leave_at_once) as watch:
            try:
                return pretrain_on(
                    prepared.tiles, prepared.backbone, prepared.config, command, progress
                )
            except Cancelled as stop:
                raise Cancelled(self._stopped(str(stop), watch.left())) from stop
            except PathereaError as error:
                self._failed(str(error))
                raise

    def _deliver(self, progress: Progress) -> None:
        """Leave the backbone in the archive, once what was under way has arrived there."""
        try:
            while not self._uploads.end(1.0):
                progress.advance(0.0, "the archive takes the last curves")
            deliver_patiently("the backbone", self._leave_backbone, progress)
        except Cancelled as stop:
            raise Cancelled(
                f"{stop} before the archive had the backbone; {self._way_on()}"
            ) from stop
        except ArchiveError as error:
            raise ArchiveError(
                f"the backbone is pretrained, but the archive does not take it: {error}; {self._way_on()}"
            ) from error
        progress.advance(1.0, "the archive has the backbone")
        log.info("the backbone is in the item %r of the archive", self._item.name)

    def _leave_backbone(self) -> None:
        self._item.put(self._run.backbone, BACKBONE)
        for path, name in shown_files(self._run):
            self._item.put(path, name)
        self._item.tell("complete", facts_of_run(self._run))
        self._item.drop(CHECKPOINT)

    def _how_far(self) -> str:
        return f"pretraining was stopped {self._run.how_far(self._prepared.config.epochs)}"

    def _note_stop(self) -> None:
        """Note in the archive that the pretraining is stopped, before anything that takes long."""
        self._uploads.note(self._how_far())

    def _leave_at_once(self) -> None:
        """End the process, whose time is up, and say what there is of the pretraining."""
        leave(f"{self._how_far()}; {self._way_on()}", self._scratch)

    def _stopped(self, message: str, seconds: float) -> str:
        """Leave what there is of a stopped pretraining, as far as time allows; return that in words."""
        limit = min(_LAST, max(0.0, seconds - _CLEARING))
        state = message.partition(";")[0]
        self._uploads.end(limit, lambda: self._leave_rest(state))
        return f"{state}; {self._way_on()}"

    def _leave_rest(self, state: str) -> None:
        self._item.tell(state, self._uploads.facts())
        if self._run.backbone.exists():
            self._item.put(self._run.backbone, BACKBONE)

    def _way_on(self) -> str:
        if (epochs := self._uploads.kept_epochs) is None:
            return "the archive has no state of it to go on from"
        return (
            f"to go on, choose the item {self._item.name!r} of the archive in a new job, which goes on after"
            f" epoch {epochs}"
        )

    def _failed(self, message: str) -> None:
        """Leave the last state of a pretraining that went astray, and note why."""
        self._uploads.end(
            _FAILED, lambda: self._item.tell(f"failed: {message}", self._uploads.facts())
        )
