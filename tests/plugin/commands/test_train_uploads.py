"""What of a training is sent to the archive, and when; the archive is stood in for."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from patherea_core.errors import ArchiveError, PathereaError
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.identity import RunIdentity
from plugin.commands.train_checkpoint import AskedTraining
from plugin.commands.train_item import CHECKPOINT, CURVES, DATASET, METRICS, RECIPE
from plugin.commands.train_uploads import RunUploads, SentRun, UploadPace
from tests.core.workflow.cells import TINY

PACE = UploadPace(page=30, state=600, best=120, retry=60)


class FakeItem:
    """An item that remembers the names of what is put into it, and refuses while it should."""

    name, known_id = "a run", "an id"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.told: list[Mapping[str, Any]] = []
        self.refusal: PathereaError | None = None

    def put(self, path: Path, name: str) -> None:
        """Remember the name."""
        assert path.exists()
        if self.refusal is not None:
            raise self.refusal
        self.sent.append(name)

    def tell(self, state: str, more: Mapping[str, Any]) -> None:
        """Remember the facts."""
        if self.refusal is not None:
            raise self.refusal
        self.told.append({"state": state, **more})

    def taken(self) -> list[str]:
        """Return what was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent


class Watched:
    """A run folder that is sent from, with a clock that stands still by itself."""

    def __init__(self, folder: Path) -> None:
        self.run, self.item, self.now = RunFolder(folder / "run"), FakeItem(), 1000.0
        (folder / "scratch").mkdir()
        (folder / "dataset.zip").write_bytes(b"")
        sent = SentRun(self.run, AskedTraining(), folder / "dataset.zip", folder / "scratch")
        item: Any = self.item
        self.uploads = RunUploads(item, sent, PACE, lambda: self.now)

    def begin(self) -> None:
        """Write what a run writes before its first epoch."""
        self.run.checkpoints.mkdir(parents=True)
        self.run.recipe.write_text(TINY.model_dump_json())
        identity = RunIdentity(dataset_sha256="0", classes=("a",), validation_fold=0, seed=5)
        self.run.identity.write_text(identity.model_dump_json())

    def epoch(self, number: int, *, better: bool = False) -> None:
        """Write what a run writes at the end of an epoch that is validated."""
        self.run.metrics.write_text(
            f"epoch,threshold,validation_mean_f1\n1,0.3,0.25\n{number},0.4,{0.5 if better else 0.1}\n"
        )
        self.run.curves.write_text(str(number))
        for path in [self.run.best] * better + [self.run.last]:
            torch.save({"epoch": number - 1}, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)

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
    assert watched.item.told == []
    watched.begin()
    assert watched.later(1) == [RECIPE, DATASET]
    assert watched.later(1000) == []


def test_the_first_state_is_sent_at_once_and_then_one_in_each_interval(watched: Watched) -> None:
    watched.begin()
    watched.epoch(1, better=True)
    assert watched.later(1) == [RECIPE, DATASET, METRICS, CURVES, CHECKPOINT]
    watched.epoch(2)
    assert watched.later(10) == []
    assert watched.later(20) == [METRICS, CURVES]
    watched.epoch(3)
    assert CHECKPOINT not in watched.later(500)
    assert watched.later(70) == [CHECKPOINT]
    assert watched.later(10_000) == []


def test_a_better_state_is_sent_sooner_but_not_at_every_epoch(watched: Watched) -> None:
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2, better=True)
    assert CHECKPOINT not in watched.later(119)
    assert CHECKPOINT in watched.later(1)
    watched.epoch(3)
    assert CHECKPOINT not in watched.later(599)


def test_where_a_state_takes_long_to_send_a_better_one_waits_longer(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(_path: Path, name: str) -> None:
        watched.now += 50 * (name == CHECKPOINT)
        watched.item.sent.append(name)

    monkeypatch.setattr(watched.item, "put", slowly)
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2, better=True)
    assert CHECKPOINT not in watched.later(199)
    assert CHECKPOINT in watched.later(1)


def test_the_item_tells_how_far_and_how_good_the_training_is(watched: Watched) -> None:
    watched.begin()
    watched.epoch(2)
    watched.later(0)
    told = watched.item.told[-1]
    assert (told["epoch"], told["epochs"], told["f1"], told["threshold"]) == (2, 3, 0.25, 0.3)
    assert (told["classes"], told["seed"], told["dataset_sha256"]) == (["a"], 5, "0")


def test_a_refusal_is_told_once_and_tried_again_until_it_passes(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.begin()
    watched.epoch(1)
    watched.item.refusal = ArchiveError("the archive is away")
    with caplog.at_level(logging.INFO):
        assert watched.later(0) == watched.later(60) == []
        watched.item.refusal = None
        assert watched.later(60) == [RECIPE, DATASET, METRICS, CURVES, CHECKPOINT]
    said = [(one.levelname, one.getMessage()) for one in caplog.records]
    assert [level for level, text in said if "is away; the training goes on" in text] == ["WARNING"]
    assert said[-1] == ("INFO", "the archive takes what the training has again")


@pytest.mark.parametrize("with_state", [False, True])
def test_at_the_end_the_last_state_is_sent_if_it_is_wanted(
    watched: Watched, *, with_state: bool
) -> None:
    watched.begin()
    watched.epoch(1)
    watched.later(0)
    watched.epoch(2)
    done = [CHECKPOINT, METRICS, CURVES, "and then"]
    with watched.uploads:
        then = partial(watched.item.sent.append, done[-1])
        assert watched.uploads.end(10.0, then if with_state else None)
    assert watched.item.taken() == (done if with_state else [])


def test_a_run_that_did_not_begin_leaves_nothing_at_its_end(watched: Watched) -> None:
    with watched.uploads:
        assert watched.uploads.end(10.0, partial(watched.item.sent.append, "and then"))
    assert watched.item.taken() == []
    assert watched.uploads.kept_epochs is None


def test_a_run_that_is_stopped_in_its_first_epoch_leaves_no_state_but_says_so(
    watched: Watched,
) -> None:
    watched.begin()
    watched.later(0)
    with watched.uploads:
        assert watched.uploads.end(10.0, partial(watched.item.sent.append, "and then"))
    assert watched.item.taken() == ["and then"]
    assert watched.uploads.kept_epochs is None


def test_the_item_tells_after_which_epoch_a_new_job_goes_on(watched: Watched) -> None:
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2)
    watched.later(40)
    told = watched.item.told[-1]
    assert (told["epoch"], told["kept_epoch"]) == (2, 1)
    assert watched.uploads.kept_epochs == 1


def test_a_stop_is_noted_at_once_and_stays_so_whatever_is_sent_afterwards(watched: Watched) -> None:
    watched.uploads.note("stopped")
    assert watched.item.told == []  # there is no item yet
    watched.begin()
    watched.later(0)
    watched.epoch(1)
    watched.uploads.note("training was stopped")
    watched.later(40)
    assert [one["state"] for one in watched.item.told] == ["stopped", *["training was stopped"] * 2]


def test_a_stop_that_the_archive_does_not_take_is_no_error(watched: Watched) -> None:
    watched.begin()
    watched.later(0)
    watched.item.refusal = ArchiveError("the archive is away")
    watched.uploads.note("training was stopped")
    assert [one["state"] for one in watched.item.told] == ["training"]


def test_a_state_that_would_arrive_too_late_does_not_hold_up_the_model(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(_path: Path, name: str) -> None:
        watched.now += 50 * (name == CHECKPOINT)
        watched.item.sent.append(name)

    monkeypatch.setattr(watched.item, "put", slowly)
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2, better=True)
    with watched.uploads:
        assert watched.uploads.end(10.0, partial(watched.item.sent.append, "and then"))
    assert watched.item.taken() == [METRICS, CURVES, "and then"]
    assert watched.uploads.kept_epochs == 1
