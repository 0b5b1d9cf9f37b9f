"""Pretrain in the archive: from its slides to an item that holds the run and its backbone."""

from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import ArchiveError
from patherea_core.progress import Part, Progress
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin import provenance
from plugin.commands.pretrain_backbone import (
    BackboneRequest,
    pretrain_on,
    require_sound,
    require_usable,
)
from plugin.commands.pretrain_from_archive import words_from_folder
from plugin.commands.pretrain_item import BACKBONE, DESCRIPTION, KIND, facts_of_run, shown_files
from plugin.commands.pretrain_slides import Prepared, SlidesFolder, Source, prepare
from plugin.commands.pretrain_uploads import sent_of_pretraining
from plugin.commands.run_in_archive import ArchivePlace, RunInArchive
from plugin.commands.run_item import RunItem, name_of_run
from plugin.dsa.session import connect
from plugin.dsa.uploads import require_writable_folder

#: Share of the progress that is given to the slides.
_FETCHING = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivePretraining(ArchivePlace):
    """What to pretrain on in the archive, how, and where to.

    Attributes:
        source: what to look at.
        backbone: how to pretrain.
    """

    source: Source
    backbone: BackboneRequest


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
        name_of_run(f"Backbone {prepared.config.backbone}"),
        KIND,
        DESCRIPTION,
        {
            "program": provenance.program(),
            "slides_folder": prepared.asked.folder_id,
            "slides": len(prepared.asked.slide_ids),
            "tiles": prepared.tiles.describe(),
        },
    )
    return _Pretraining(request, prepared, item).run(Part(progress, _FETCHING, 1.0))


def words_again(prepared: Prepared) -> list[str]:
    """Return the words of the shell that pretrain the same backbone again from the folder of the slides."""
    asked = prepared.asked
    folder = SlidesFolder(
        id=asked.folder_id,
        subfolders=asked.subfolders,
        slide_mpp=asked.slide_mpp,
        fields=asked.fields,
    )
    return words_from_folder(folder, prepared.backbone, prepared.config)


class _Pretraining(RunInArchive):
    """One pretraining whose run is sent to an item of the archive."""

    def __init__(self, request: ArchivePretraining, prepared: Prepared, item: RunItem) -> None:
        self._prepared, self._run = prepared, PretrainingFolder(prepared.backbone.out)
        sent = sent_of_pretraining(self._run, prepared.asked, request.scratch)
        super().__init__("backbone", item, sent, request.pace, prepared.item)

    def _train(self, progress: Progress) -> Path:
        prepared = self._prepared
        return pretrain_on(
            prepared.tiles, prepared.backbone, prepared.config, words_again(prepared), progress
        )

    def _how_far(self) -> str:
        return self._run.how_far(self._prepared.config.epochs)

    def _leave_result(self) -> None:
        self._item.put(self._run.backbone, BACKBONE)
        for path, name in shown_files(self._run):
            self._item.put(path, name)
        self._item.tell("complete", facts_of_run(self._run))

    def _leave_rest(self, state: str) -> None:
        self._item.tell(state, self._uploads.facts())
        if self._run.backbone.exists():
            self._item.put(self._run.backbone, BACKBONE)

    def _untaken(self, error: ArchiveError) -> None:
        raise ArchiveError(
            f"the backbone is pretrained, but the archive does not take it: {error}; {self._way_on()}"
        ) from error
