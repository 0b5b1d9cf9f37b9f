"""The words of a shell that ask for results of each slide."""

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from plugin import logs
from plugin.commands import detect_cells, detect_many
from plugin.commands.detect_request import DetectRequest
from plugin.models.finding import DEFAULT_MODEL
from plugin.shell import main
from tests.plugin.bundles import shipping


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Let the test's own handlers hear the log, leave signals alone, and have a model."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    shipping(monkeypatch, tmp_path, DEFAULT_MODEL)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what is asked for, which is not done."""
    requests: list[Any] = []
    for command in (detect_cells, detect_many):
        monkeypatch.setattr(command, "run", lambda request, _progress: requests.append(request))
    return requests


def test_a_slide_in_the_names_of_results_asks_for_results_of_each(asked: list[Any]) -> None:
    words = ["detect", "a", "b.txt", "--out", "{slide}.csv", "--out", "{slide}.json"]
    assert main(words) == 0
    assert main([*words, "--workers", "2", "--retries", "0", "--summary", "all.csv"]) == 0
    assert main([*words, "--scheduler", "tcp://h:8786"]) == 0
    plain, here, there = asked
    assert isinstance(plain, detect_many.DetectManyRequest)
    assert (plain.each.out, plain.each.also) == (Path("{slide}.csv"), (Path("{slide}.json"),))
    assert (plain.scheduler, plain.workers, plain.retries) == (None, None, 2)
    assert (here.workers, here.retries, here.table) == (2, 0, Path("all.csv"))
    assert (there.scheduler, there.table) == ("tcp://h:8786", Path("slides.csv"))


def test_one_file_for_all_slides_is_written_by_this_process(asked: list[Any]) -> None:
    assert main(["detect", "a", "b.txt", "--out", "all.csv"]) == 0
    assert isinstance(asked[0], DetectRequest)


@pytest.mark.parametrize("option", ["scheduler", "workers", "retries", "summary"])
def test_what_is_for_each_slide_is_refused_for_one_file_and_for_the_archive(
    caplog: pytest.LogCaptureFixture, asked: list[Any], option: str
) -> None:
    assert main(["detect", "a", "--out", "all.csv", f"--{option}", "0"]) == 2
    assert main(["detect", "--api-url", "http://a", "--item", "i", f"--{option}", "0"]) == 2
    error, same = (each.getMessage() for each in caplog.records if each.levelno == logging.ERROR)
    assert error.startswith(f"--{option} is for results of each slide")
    assert "\n" not in error
    assert same == error
    assert asked == []


def test_the_help_loads_no_cluster() -> None:
    program = (
        "import sys, contextlib\nfrom plugin.shell import main\n"
        "with contextlib.suppress(SystemExit): main(['detect', '--help'])\n"
        "print('loaded:', *sorted({'distributed', 'dask', 'torch'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=280
    )
    assert "--scheduler" in done.stdout
    assert done.stdout.splitlines()[-1] == "loaded:"
