"""What of a pretraining is sent to the archive, and when; the archive is stood in for."""

from pathlib import Path
from typing import Any

import pytest
import torch

from patherea_core.errors import ArchiveError
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from plugin.commands.pretrain_checkpoint import AskedPretraining
from plugin.commands.pretrain_item import CHECKPOINT, CURVES, METRICS, PICTURE, SETTINGS
from plugin.commands.pretrain_uploads import PretrainingUploads, SentPretraining
from plugin.commands.sending_beside import UploadPace
from tests.plugin.commands.test_train_uploads import FakeItem

PACE = UploadPace(page=30, state=600, retry=60)
CONFIG = PretrainingConfig(epochs=9)


class Watched:
    """A run folder that is sent from, with a clock that stands still by itself."""

    def __init__(self, folder: Path) -> None:
        self.run, self.item, self.now = PretrainingFolder(folder / "run"), FakeItem(), 1000.0
        asked = AskedPretraining(config=CONFIG, folder_id="f", slide_ids=("1",), fields=1)
        item: Any = self.item
        self.uploads = PretrainingUploads(
            item, SentPretraining(self.run, asked, folder), PACE, lambda: self.now
        )

    def begin(self) -> None:
        """Write what a run writes before its first epoch."""
        self.run.checkpoints.mkdir(parents=True)
        identity = PretrainingIdentity(tiles_sha256="0" * 64, seed=5)
        self.run.identity.write_text(identity.model_dump_json())
        self.run.settings.write_text(CONFIG.model_dump_json())

    def epoch(self, number: int) -> None:
        """Write what a run writes at the end of an epoch."""
        self.run.metrics.write_text(f"epoch,held_out_loss\n{number},{1 / number}\n")
        self.run.curves.write_text(str(number))
        self.run.pictures.mkdir(exist_ok=True)
        (self.run.pictures / f"epoch-{number:03d}.png").write_text(str(number))
        torch.save({"epoch": number - 1}, self.run.last.with_suffix(".new"))
        self.run.last.with_suffix(".new").replace(self.run.last)

    def later(self, seconds: float) -> list[str]:
        """Return what is sent when so much time has gone by."""
        self.now += seconds
        self.uploads._attempt(self.uploads._look)
        return self.item.taken()


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_nothing_is_sent_before_a_run_has_begun(watched: Watched) -> None:
    assert watched.later(1) == []
    watched.begin()
    assert watched.later(1) == [SETTINGS]
    assert watched.later(1000) == []


def test_curves_and_the_latest_picture_are_sent_sooner_than_states(watched: Watched) -> None:
    watched.begin()
    watched.epoch(1)
    assert watched.later(1) == [SETTINGS, METRICS, CURVES, PICTURE, CHECKPOINT]
    watched.epoch(2)
    assert watched.later(29) == []
    assert watched.later(1) == [METRICS, CURVES, PICTURE]
    assert watched.later(1000) == [CHECKPOINT]
    assert watched.later(1000) == []
    assert watched.uploads.kept_epochs == 2


def test_the_item_tells_how_far_and_how_good_the_run_is(watched: Watched) -> None:
    watched.begin()
    watched.epoch(4)
    watched.later(1)
    told = watched.item.told[-1]
    assert told["state"] == "pretraining"
    assert (told["epoch"], told["epochs"], told["held_out_loss"]) == (4, 9, 0.25)
    assert (told["method"], told["backbone"]) == (CONFIG.method, CONFIG.backbone)


def test_an_archive_that_is_away_is_tried_again_later(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.begin()
    watched.item.refusal = ArchiveError("away")
    assert watched.later(1) == []
    assert watched.later(1) == []
    (warning,) = [one for one in caplog.messages if "away" in one]
    assert "what the pretraining has so far is not in the archive" in warning
    watched.item.refusal = None
    assert watched.later(1) == [SETTINGS]


def test_at_the_end_the_last_state_is_sent(watched: Watched) -> None:
    done: list[str] = []
    watched.begin()
    watched.epoch(1)
    with watched.uploads:
        assert watched.uploads.end(10, lambda: done.append("done"))
    assert done == ["done"]
    assert watched.item.taken() == [SETTINGS, CHECKPOINT, METRICS, CURVES, PICTURE]
