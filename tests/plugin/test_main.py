"""The container's front door, in this process."""

import json
import sys
from collections.abc import Callable

import pytest

from patherea_core.errors import ArchiveError, Cancelled, InputError
from patherea_core.progress import Progress
from plugin import arguments, descriptions, logs
from plugin.__main__ import guarded, hide_secrets, main


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the test's own handlers hear the log, and leave signals alone."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr(logs, "_secrets", set())
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)


def do_instead(monkeypatch: pytest.MonkeyPatch, action: Callable[[Progress], object]) -> None:
    monkeypatch.setattr(arguments, "read_action", lambda _name, _words: action)


def test_the_list_the_description_and_the_help_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--list_cli"]) == 0
    assert tuple(json.loads(capsys.readouterr().out)) == descriptions.names()
    assert main(["DetectCells", "--xml"]) == 0
    assert capsys.readouterr().out.startswith("<?xml")
    assert main(["DetectCells", "-h"]) == 0
    assert "usage: DetectCells" in capsys.readouterr().out


def test_a_command_runs_between_its_tags(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    do_instead(monkeypatch, lambda progress: progress.advance(1.0))
    assert main(["DetectCells", "slide.tif"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "<filter-start>"
    assert "<filter-progress>1.0000</filter-progress>" in lines
    assert lines[-1] == "</filter-end>"


@pytest.mark.parametrize(
    ("error", "code"), [(InputError("no"), 2), (ArchiveError("no"), 1), (Cancelled("no"), 1)]
)
def test_a_failure_is_one_sentence_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    code: int,
) -> None:
    def fail(_progress: Progress) -> None:
        raise error

    do_instead(monkeypatch, fail)
    assert main(["DetectCells", "slide.tif"]) == code
    (record,) = caplog.records
    assert record.getMessage() == "no"
    assert record.levelname == ("WARNING" if isinstance(error, Cancelled) else "ERROR")


@pytest.mark.parametrize("code", [None, 1, 3, "no"])
def test_a_library_that_leaves_the_program_has_failed(
    caplog: pytest.LogCaptureFixture, code: str | int | None
) -> None:
    def leave() -> int:
        raise SystemExit(code)

    assert guarded(leave) == 1
    assert [record.getMessage() for record in caplog.records] == ["ended before the work was done"]


def test_whoever_reads_the_output_may_stop_reading(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def had_enough() -> int:
        raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", None)
    assert guarded(had_enough) == 1
    assert not caplog.records
    sys.stdout.close()


def test_a_question_that_is_answered_is_no_failure() -> None:
    def answered() -> int:
        raise SystemExit(0)

    with pytest.raises(SystemExit) as left:
        guarded(answered)
    assert left.value.code == 0


def test_secrets_are_found_in_both_ways_of_writing_them() -> None:
    hide_secrets(["--a", "--token", "one", "--token=two", "--token"], ("--token",))
    assert logs.without_secrets("one two three") == "[hidden] [hidden] three"


def test_an_unknown_command_is_answered_with_the_known_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert main(["Nonsense", "--help"]) == 2
    assert "ExportDataset, TrainDetector, DetectCells, EvaluateDetections" in caplog.text
