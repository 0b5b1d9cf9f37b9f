"""Runs side by side: as many at a time as was asked for, failures told, and nobody left when it ends."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from patherea_core.errors import Cancelled
from tests.training.crossover.builders import plan
from training.__main__ import parser_for
from training.crossover import jobs
from training.crossover.folder import PlanFolder
from training.crossover.jobs import side_by_side, words_of
from training.crossover.one_run import How
from training.crossover.plan import Key

HOW = How(Path("/ledger.jsonl"), "cpu", workers=2, keep_models=True)
KEYS = [*plan().runs()]


class Programs:
    """Stands for runs: small programs, of which it knows how many there were at a time."""

    def __init__(self, failing: Key | None = None, seconds: float = 0.0) -> None:
        self.started: list[Key] = []
        self.processes: list[subprocess.Popen[bytes]] = []
        self.most = 0
        self._failing = failing
        self._seconds = seconds

    def __call__(
        self, _folder: PlanFolder, key: Key, _how: How, _threads: int
    ) -> subprocess.Popen[bytes]:
        code = f"import time; time.sleep({self._seconds}); raise SystemExit({int(key == self._failing)})"
        process = subprocess.Popen([sys.executable, "-S", "-c", code])
        self.started.append(key)
        self.processes.append(process)
        self.most = max(self.most, sum(one.poll() is None for one in self.processes))
        return process


@pytest.fixture
def folder(tmp_path: Path) -> PlanFolder:
    return PlanFolder(tmp_path)


def test_all_runs_are_made_in_order_and_those_that_fail_are_told(
    folder: PlanFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs(failing=KEYS[2])
    monkeypatch.setattr(jobs, "_start", programs)
    monkeypatch.setattr(jobs, "_PAUSE", 0.02)
    assert side_by_side(folder, KEYS[:5], HOW, 2, 1) == [KEYS[2]]
    assert programs.started == KEYS[:5]
    assert programs.most <= 2


def test_when_it_is_asked_to_end_so_are_all_that_it_started(
    folder: PlanFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs(seconds=600)
    monkeypatch.setattr(jobs, "_start", programs)
    monkeypatch.setattr(jobs, "_PAUSE", 0.02)
    before = signal.getsignal(signal.SIGTERM)
    asking = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
    asking.start()
    with pytest.raises(Cancelled, match="the same command goes on with them"):
        side_by_side(folder, KEYS, HOW, 2, 1)
    asking.join()
    assert len(programs.started) == 2
    assert all(process.poll() is not None for process in programs.processes)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_process_is_asked_for_one_run_as_a_person_would_ask(folder: PlanFolder) -> None:
    words = words_of(folder, KEYS[0], HOW, 3)
    options = parser_for(words).parse_args(words)
    assert folder.path == options.plan
    assert plan().chosen(options.only) == [KEYS[0]]
    told = How(options.ledger, options.device, options.workers, options.keep_models)
    assert (told, options.threads, options.jobs) == (HOW, 3, 1)
