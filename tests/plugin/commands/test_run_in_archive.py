"""However a run in the archive ends, its item tells so and holds what there is; here a pretraining."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import ArchiveError, Cancelled, CredentialsError, TrainingError
from patherea_core.progress import Silent
from plugin.commands import pretrain_on_folder
from plugin.commands.earlier_run import EarlierRun
from plugin.commands.pretrain_backbone import BackboneRequest
from plugin.commands.pretrain_checkpoint import AskedPretraining
from plugin.commands.pretrain_item import BACKBONE, SETTINGS
from plugin.commands.pretrain_on_folder import ArchivePretraining, _Pretraining
from plugin.commands.pretrain_slides import Prepared
from plugin.commands.run_item import CHECKPOINT
from plugin.commands.sending_beside import UploadPace
from tests.fakes import RecordingProgress
from tests.plugin.commands.watched_run import FakeItem, WatchedPretraining

WAY_ON = (
    "to go on, choose the item 'a run' of the archive in a new job, which goes on after epoch 1"
)


class Case:
    """A pretraining of which one epoch is stood in for.

    Attributes:
        item: of its run.
        ending: done after that epoch.
        earlier: id and name of the item of a run that goes on.
    """

    def __init__(self, scratch: Path) -> None:
        self.item = FakeItem()
        self.ending: Callable[[], None] = lambda: None
        self.earlier: tuple[str, str] | None = None
        self._scratch, self.watched = scratch, WatchedPretraining(scratch)

    def pretrain(self, *_: object) -> Path:
        """Write what a run writes, and end as is wanted."""
        if self.earlier is None:
            self.watched.begin()
            self.watched.epoch(1)
        self.watched.run.backbone.write_bytes(b"a backbone")
        self.ending()
        return self.watched.run.backbone

    def run(self, progress: RecordingProgress | Silent) -> Path:
        """Run the whole, in the archive; nothing is sent before the end."""
        config, own = self.watched.config, BackboneRequest(out=self.watched.run.path)
        request = ArchivePretraining(
            source=EarlierRun("f" * 24),
            backbone=own,
            scratch=self._scratch,
            api_url="http://archive",
            token="a token",
            pace=UploadPace(look=60.0),
        )
        asked = AskedPretraining(config=config, folder_id="f", slide_ids=("1",), fields=1)
        no_tiles: Any = None
        item: Any = self.item
        prepared = Prepared(no_tiles, config, own, asked, self.earlier)
        return _Pretraining(request, prepared, item).run(progress)


@pytest.fixture
def case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Case:
    found = Case(tmp_path)
    monkeypatch.setattr(pretrain_on_folder, "pretrain_on", found.pretrain)
    monkeypatch.setattr("plugin.commands.patient_delivery._PAUSES", (0, 0))
    return found


def raising(error: Exception) -> Callable[[], None]:
    def ending() -> None:
        raise error

    return ending


def test_a_run_that_ends_leaves_its_result_and_nothing_to_go_on_from(case: Case) -> None:
    progress = RecordingProgress()
    assert case.run(progress) == case.watched.run.backbone
    assert case.item.taken() == [BACKBONE, *case.watched.shown]
    assert case.item.told[-1]["state"] == "complete"
    assert case.item.dropped == [CHECKPOINT]
    assert progress.reports[-1] == (1.0, "the archive has the backbone")


def test_a_stopped_run_leaves_its_state_and_its_result_and_says_how_to_go_on(case: Case) -> None:
    case.ending = raising(
        Cancelled("pretraining was stopped after epoch 1 of 9; the state is here")
    )
    with pytest.raises(Cancelled) as stop:
        case.run(Silent())
    assert str(stop.value) == f"pretraining was stopped after epoch 1 of 9; {WAY_ON}"
    assert case.item.taken() == [SETTINGS, CHECKPOINT, *case.watched.shown, BACKBONE]
    assert case.item.told[-1]["state"] == "pretraining was stopped after epoch 1 of 9"
    assert case.item.dropped == []


def test_a_run_that_fails_leaves_its_state_and_why(case: Case) -> None:
    case.ending = raising(TrainingError("the loss is no number"))
    with pytest.raises(TrainingError):
        case.run(Silent())
    assert CHECKPOINT in case.item.taken()
    told = case.item.told[-1]
    assert (told["state"], told["kept_epoch"]) == ("failed: the loss is no number", 1)


def test_a_result_that_the_archive_does_not_take_is_said_to_be_lost(case: Case) -> None:
    def lost() -> None:
        case.item.refusal = CredentialsError("it does not accept the token")

    case.ending = lost
    message = "the backbone is pretrained, but the archive does not take it: it does not accept the token; "
    with pytest.raises(ArchiveError) as refusal:
        case.run(Silent())
    assert str(refusal.value) == f"{message}the archive has no state of it to go on from"
    case.earlier = ("an id", "a run")
    with pytest.raises(ArchiveError) as refusal:
        case.run(Silent())
    assert str(refusal.value) == f"{message}{WAY_ON}"


def test_a_run_that_is_stopped_while_the_archive_is_away_says_so(case: Case) -> None:
    def away() -> None:
        case.item.refusal = ArchiveError("away")

    def waiting(*_: object) -> None:
        raise Cancelled("stopped on request")

    case.ending = away
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plugin.commands.patient_delivery._wait", waiting)
        with pytest.raises(
            Cancelled, match="stopped on request before the archive had the backbone; "
        ):
            case.run(Silent())
