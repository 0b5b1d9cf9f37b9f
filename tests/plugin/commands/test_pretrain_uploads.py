"""What a pretraining has of its own of what is sent to the archive: its loss, and the latest picture."""

import os
from pathlib import Path

import pytest

from plugin.commands.pretrain_item import PICTURE, shown_files
from plugin.commands.run_item import CHECKPOINT
from tests.plugin.commands.watched_run import WatchedPretraining


@pytest.fixture
def watched(tmp_path: Path) -> WatchedPretraining:
    return WatchedPretraining(tmp_path)


def test_the_item_tells_how_far_and_how_good_the_run_is(watched: WatchedPretraining) -> None:
    watched.begin()
    watched.epoch(4)
    watched.later(1)
    told = watched.item.told[-1]
    assert (told["epoch"], told["epochs"], told["held_out_loss"]) == (4, 9, 0.25)
    assert (told["method"], told["backbone"]) == (watched.config.method, watched.config.backbone)


def test_of_the_pictures_the_latest_is_shown(watched: WatchedPretraining) -> None:
    watched.begin()
    watched.epoch(1)
    watched.epoch(2)
    os.utime(watched.run.pictures / "epoch-001.png", (1, 1))
    shown = {name: path for path, name in shown_files(watched.run)}
    assert shown[PICTURE].name == "epoch-002.png"


def test_no_state_is_sent_before_its_time(watched: WatchedPretraining) -> None:
    watched.begin()
    watched.epoch(1)
    watched.later(0)
    watched.epoch(2, better=True)
    assert CHECKPOINT not in watched.later(599)
    assert CHECKPOINT in watched.later(1)
