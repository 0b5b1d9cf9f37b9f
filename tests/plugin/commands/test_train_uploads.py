"""What a training has of its own of what is sent to the archive: its dataset, and better states."""

from pathlib import Path

import pytest

from patherea_core.data.store import read_manifest, unpack
from patherea_core.workflow.run.folder import RunFolder
from plugin.commands.file_stamp import stamp
from plugin.commands.run_item import CHECKPOINT
from plugin.commands.train_checkpoint import AskedTraining
from plugin.commands.train_item import DATASET, RECIPE
from plugin.commands.train_uploads import sent_of_training
from tests.core.workflow.cells import write_cells
from tests.plugin.commands.watched_run import WatchedTraining


@pytest.fixture
def watched(tmp_path: Path) -> WatchedTraining:
    return WatchedTraining(tmp_path)


def test_a_better_state_is_sent_sooner_but_not_at_every_epoch(watched: WatchedTraining) -> None:
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2, better=True)
    assert CHECKPOINT not in watched.later(119)
    assert CHECKPOINT in watched.later(1)
    watched.epoch(3)
    assert CHECKPOINT not in watched.later(599)


def test_where_a_state_takes_long_to_send_a_better_one_waits_longer(
    watched: WatchedTraining,
) -> None:
    watched.item.seconds[CHECKPOINT] = 50
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2, better=True)
    assert CHECKPOINT not in watched.later(199)
    assert CHECKPOINT in watched.later(1)


def test_the_item_tells_how_far_and_how_good_the_training_is(watched: WatchedTraining) -> None:
    watched.begin()
    watched.epoch(2)
    watched.later(0)
    told = watched.item.told[-1]
    assert (told["epoch"], told["epochs"], told["f1"], told["threshold"]) == (2, 3, 0.25, 0.3)
    assert (told["classes"], told["seed"], told["dataset_sha256"]) == (["a"], 5, "0")


def test_a_dataset_that_the_archive_has_is_not_sent(tmp_path: Path) -> None:
    sent = sent_of_training(RunFolder(tmp_path), AskedTraining(), None, tmp_path)
    assert [name for _, name in sent.staying()] == [RECIPE]


def test_a_dataset_in_a_folder_is_packed_once(tmp_path: Path) -> None:
    dataset, scratch = tmp_path / "dataset", tmp_path / "scratch"
    write_cells(dataset, samples=2, side=64, count=3)
    scratch.mkdir()
    sent = sent_of_training(RunFolder(tmp_path / "run"), AskedTraining(), dataset, scratch)
    packed = {name: path for path, name in sent.staying()}[DATASET]
    unpack(packed, tmp_path / "again")
    assert read_manifest(tmp_path / "again") == read_manifest(dataset)
    before = stamp(packed)
    assert [name for _, name in sent.staying()] == [RECIPE, DATASET]
    assert stamp(packed) == before
