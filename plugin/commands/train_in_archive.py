"""Train in the archive: from its slides or a dataset there, to an item that holds the run and its model."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from patherea_core.bundle_file import read_card
from patherea_core.errors import ArchiveError
from patherea_core.files import write_whole
from patherea_core.progress import Part, Progress
from patherea_core.workflow.run.folder import RunFolder
from plugin import provenance
from plugin.commands import train_detector
from plugin.commands.earlier_run import EarlierRun
from plugin.commands.run_in_archive import ArchivePlace, RunInArchive
from plugin.commands.run_item import RunItem, curves_of, name_of_run
from plugin.commands.train_detector import TrainRequest, require_usable
from plugin.commands.train_item import (
    CARD,
    DESCRIPTION,
    KIND,
    MODEL,
    facts_of_model,
    facts_of_run,
)
from plugin.commands.train_source import Place, Prepared, SlidesFolder, Source, prepare
from plugin.commands.train_stopping import how_far
from plugin.commands.train_uploads import sent_of_training
from plugin.dsa.session import connect
from plugin.dsa.uploads import require_writable_folder
from plugin.outputs.model_card import card_page

log = logging.getLogger(__name__)

#: Share of the progress that is given to the dataset, if slides have to be cut and if not.
_CUTTING, _FETCHING = 0.2, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveTraining(ArchivePlace):
    """What to train on in the archive, how, and where to.

    Attributes:
        source: what to train on.
        training: how to train; its dataset is found for it.
    """

    source: Source
    training: TrainRequest


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
        session,
        request.runs_folder,
        name_of_run(prepared.training.words.name or "Detector"),
        KIND,
        DESCRIPTION,
        facts | dict(prepared.facts),
    )
    return _Training(request, prepared, item).run(rest)


class _Training(RunInArchive):
    """One training whose run is sent to an item of the archive."""

    def __init__(self, request: ArchiveTraining, prepared: Prepared, item: RunItem) -> None:
        given, scratch = prepared.training, request.scratch
        self._delivered = given.model_out is not None
        self._model = given.model_out or scratch / MODEL
        self._training = replace(given, model_out=self._model)
        self._run = RunFolder(given.out)
        sent = sent_of_training(self._run, prepared.asked, prepared.dataset, scratch)
        super().__init__("model", item, sent, request.pace, prepared.item)

    def _train(self, progress: Progress) -> Path:
        return train_detector.run(self._training, progress)

    def _how_far(self) -> str:
        return how_far(self._run)

    def _leave_result(self) -> None:
        self._leave_model("complete", facts_of_run(self._run))

    def _leave_rest(self, state: str) -> None:
        if self._model.exists():
            self._leave_model(state, self._uploads.facts())
        else:
            self._item.tell(state, self._uploads.facts())

    def _leave_model(self, state: str, facts: Mapping[str, Any]) -> None:
        """Put the model and what belongs to it into the item."""
        card = read_card(self._model)
        page = self._sent.scratch / CARD
        write_whole(page, card_page(card, "html").encode())
        self._item.put(self._model, MODEL)
        self._item.put(page, CARD)
        for path, name in curves_of(self._run):
            self._item.put(path, name)
        self._item.tell(state, dict(facts) | facts_of_model(card))

    def _said_of_stop(self, message: str) -> str:
        return message if self._delivered else super()._said_of_stop(message)

    def _undelivered(self, message: str) -> str:
        if self._delivered:
            return f"{message}; the model is delivered as a file, but not in the item of its run"
        return super()._undelivered(message)

    def _untaken(self, error: ArchiveError) -> None:
        if not self._delivered:
            raise ArchiveError(
                f"the model is trained, but the archive does not take it: {error}. Let a new job go on with"
                " the run, whose last state is in the archive"
            ) from error
        log.warning("the model is delivered as a file, but not in the item of its run: %s", error)
