"""A request to stop is noticed beside the training, and obeyed in time."""

import subprocess
import sys
import threading
from pathlib import Path

from patherea_core.errors import Cancelled
from patherea_core.progress import Part, Progress, Silent
from patherea_core.workflow.run.folder import RunFolder
from plugin.commands.train_stopping import StopWatch, asked_to_stop, how_far
from plugin.progress import SlicerProgress, StopSignal

#: Seconds after which a test fails that waits for something.
LONG = 20.0


class Stopping:
    """A progress that is asked to stop whenever a test likes."""

    def __init__(self) -> None:
        self.asked = False

    def advance(self, _fraction: float, _message: str = "") -> None:
        """Raise if it is asked to."""
        if self.asked:
            raise Cancelled("stopped on request")


class Noted:
    """What a watch does, each of which can be waited for."""

    def __init__(self, progress: Progress, given: float) -> None:
        self.noticed, self.left = threading.Event(), threading.Event()
        self.watch = StopWatch(progress, self.noticed.set, self.left.set, given)


def test_a_stop_is_noticed_in_the_middle_of_a_step_and_the_process_ends_in_time() -> None:
    progress = Stopping()
    noted = Noted(Part(progress, 0.0, 0.5), given=0.1)
    with noted.watch:
        assert not noted.noticed.wait(0.4)
        progress.asked = True
        assert noted.noticed.wait(LONG)
        assert noted.left.wait(LONG)


def test_a_training_that_ends_in_time_is_left_alone() -> None:
    progress = Stopping()
    progress.asked = True
    noted = Noted(progress, given=LONG)
    with noted.watch:
        assert noted.noticed.wait(LONG)
        assert 0 < noted.watch.left() <= LONG
    noted.watch._thread.join(LONG)
    assert not noted.watch._thread.is_alive()
    assert not noted.left.is_set()


def test_a_stop_that_the_training_saw_first_is_noted_too_and_once() -> None:
    times: list[int] = []
    watch = StopWatch(Silent(), lambda: times.append(1), lambda: None)
    first = watch.left()
    assert watch.left() <= first
    assert 7 < first <= 8
    for thread in threading.enumerate():
        if thread.name == "notice":
            thread.join(LONG)
    assert times == [1]


def test_asking_whether_to_stop_shows_nothing(tmp_path: Path) -> None:
    with (tmp_path / "shown").open("w+", encoding="utf-8") as shown:
        assert not asked_to_stop(Part(SlicerProgress("a task", StopSignal(), shown), 0.1, 0.2))
        shown.seek(0)
        assert shown.read() == ""


def test_a_run_without_an_epoch_says_so(tmp_path: Path) -> None:
    assert how_far(RunFolder(tmp_path)) == "before its first epoch"


def test_leaving_says_what_there_is_and_clears_up(tmp_path: Path) -> None:
    (tmp_path / "scratch").mkdir()
    code = (
        "import logging, sys; from pathlib import Path; from plugin.commands.train_stopping import leave;"
        "logging.basicConfig(); leave('stopped after epoch 3', Path(sys.argv[1]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "scratch")],
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert answer.returncode == 1
    assert "stopped after epoch 3" in answer.stderr
    assert not (tmp_path / "scratch").exists()
