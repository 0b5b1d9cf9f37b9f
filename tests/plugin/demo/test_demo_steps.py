"""The demo tells where it is, how long it took, and never throws away what is not its own."""

import io
from pathlib import Path

import pytest

from patherea_core.errors import Cancelled, OutputError
from plugin.progress import StopSignal
from plugin.sandbox.demo import fresh_folder
from plugin.sandbox.demo_steps import Steps


def test_steps_are_numbered_and_timed() -> None:
    stream = io.StringIO()
    steps = Steps(2, StopSignal(), stream)

    for title in ("First", "Second"):
        with steps.step(title) as progress:
            progress.advance(1.0)
    steps.say_times()

    lines = stream.getvalue().splitlines()
    assert lines[:2] == ["[1/2] First", "[2/2] Second"]
    assert list(steps.seconds) == ["First", "Second"]
    assert lines[-1].endswith("in all")


def test_a_step_that_fails_is_not_timed() -> None:
    steps = Steps(1, StopSignal(), io.StringIO())

    with pytest.raises(Cancelled), steps.step("First"):
        raise Cancelled

    assert not steps.seconds


def test_the_folder_of_a_first_run_is_made(tmp_path: Path) -> None:
    out = fresh_folder(tmp_path / "a" / "demo")

    assert (out / "slides").is_dir()


def test_the_run_before_is_kept_once(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    for number in range(3):
        fresh_folder(out)
        (out / "result").write_text(str(number))

    assert (out / "result").read_text() == "2"
    assert (tmp_path / "demo.previous" / "result").read_text() == "1"


def test_a_folder_with_something_else_in_it_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(OutputError, match="not the demo's"):
        fresh_folder(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(OutputError, match="name another with --out"):
        fresh_folder(tmp_path / "file" / "demo")
