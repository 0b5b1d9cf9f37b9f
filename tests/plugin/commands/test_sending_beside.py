"""What of a run is sent to the archive, and when, whether a training or a pretraining."""

import logging
from pathlib import Path

import pytest

from patherea_core.errors import ArchiveError
from plugin.commands.run_item import CHECKPOINT
from tests.plugin.commands.watched_run import Watched, WatchedPretraining, WatchedTraining


@pytest.fixture(params=[WatchedTraining, WatchedPretraining], ids=lambda kind: str(kind.word))
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Watched:
    found: Watched = request.param(tmp_path)
    return found


def test_nothing_is_sent_before_a_run_has_begun(watched: Watched) -> None:
    assert watched.later(1) == []
    assert watched.item.told == []
    watched.begin()
    assert watched.later(1) == watched.beginning
    assert watched.later(1000) == []


def test_what_people_look_at_is_sent_sooner_than_states(watched: Watched) -> None:
    watched.begin()
    watched.epoch(1, better=True)
    assert watched.later(1) == [*watched.beginning, *watched.shown, CHECKPOINT]
    watched.epoch(2)
    assert watched.later(29) == []
    assert watched.later(1) == watched.shown
    watched.epoch(3)
    assert watched.later(569) == watched.shown
    assert watched.later(1) == [CHECKPOINT]
    assert watched.later(10_000) == []


def test_the_item_tells_how_the_run_stands(watched: Watched) -> None:
    watched.begin()
    watched.epoch(2)
    watched.later(1)
    told = watched.item.told[-1]
    assert (told["state"], told["epoch"], told["seed"]) == (watched.word, 2, 5)


def test_the_item_tells_after_which_epoch_a_new_job_goes_on(watched: Watched) -> None:
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2)
    watched.later(40)
    told = watched.item.told[-1]
    assert (told["epoch"], told["kept_epoch"]) == (2, 1)
    assert watched.uploads.kept_epochs == 1


def test_a_refusal_is_told_once_and_tried_again_until_it_passes(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.begin()
    watched.epoch(1)
    watched.item.refusal = ArchiveError("the archive is away")
    with caplog.at_level(logging.INFO):
        assert watched.later(0) == watched.later(60) == []
        watched.item.refusal = None
        assert watched.later(60) == [*watched.beginning, *watched.shown, CHECKPOINT]
    said = [(one.levelname, one.getMessage()) for one in caplog.records]
    warning = (
        f"what the {watched.word} has so far is not in the archive: the archive is away; the {watched.word}"
        " goes on, and it is tried again"
    )
    assert [one for one in said if "away" in one[1]] == [("WARNING", warning)]
    assert said[-1] == ("INFO", f"the archive takes what the {watched.word} has again")


@pytest.mark.parametrize("with_state", [False, True])
def test_at_the_end_the_last_state_is_sent_if_it_is_wanted(
    watched: Watched, *, with_state: bool
) -> None:
    watched.begin()
    watched.epoch(1)
    watched.later(0)
    watched.epoch(2)
    done = [CHECKPOINT, *watched.shown, "and then"]
    assert watched.end(with_state=with_state) == (done if with_state else [])
    assert watched.uploads.kept_epochs == (2 if with_state else 1)


def test_a_run_that_ends_before_the_first_look_is_sent_as_a_whole(watched: Watched) -> None:
    watched.begin()
    watched.epoch(1)
    assert watched.end() == [*watched.beginning, CHECKPOINT, *watched.shown, "and then"]


def test_a_run_that_did_not_begin_leaves_nothing_at_its_end(watched: Watched) -> None:
    assert watched.end() == []
    assert watched.uploads.kept_epochs is None


def test_a_run_that_is_stopped_in_its_first_epoch_leaves_no_state_but_says_so(
    watched: Watched,
) -> None:
    watched.begin()
    watched.later(0)
    assert watched.end() == ["and then"]
    assert watched.uploads.kept_epochs is None


def test_a_stop_is_noted_at_once_and_stays_so_whatever_is_sent_afterwards(watched: Watched) -> None:
    watched.uploads.note("stopped")
    assert watched.item.told == []  # there is no item yet
    watched.begin()
    watched.later(0)
    watched.epoch(1)
    watched.uploads.note("it was stopped")
    watched.later(40)
    assert [one["state"] for one in watched.item.told] == ["stopped", *["it was stopped"] * 2]


def test_a_stop_that_the_archive_does_not_take_is_no_error(watched: Watched) -> None:
    watched.begin()
    watched.later(0)
    watched.item.refusal = ArchiveError("the archive is away")
    watched.uploads.note("it was stopped")
    assert [one["state"] for one in watched.item.told] == [watched.word]


def test_a_state_that_would_arrive_too_late_does_not_hold_up_the_result(watched: Watched) -> None:
    watched.item.seconds[CHECKPOINT] = 50
    watched.begin()
    watched.epoch(1, better=True)
    watched.later(0)
    watched.epoch(2, better=True)
    assert watched.end() == [*watched.shown, "and then"]
    assert watched.uploads.kept_epochs == 1
