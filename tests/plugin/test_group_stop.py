"""Ctrl-C and time limits, which reach the processes that read tiles as well: real processes, real signals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.core.workflow.cells import TINY, write_cells
from tests.plugin.pretraining.slides import write_field
from tests.stopwatch import seconds_to_end

pytestmark = [
    pytest.mark.slow,  # processes that load PyTorch
    pytest.mark.skipif(not hasattr(os, "killpg"), reason="there are no groups of processes"),
]


def pretraining(folder: Path) -> list[str]:
    for seed in range(2):
        write_field(folder / f"{seed}.png", 96, 80, seed=seed)
    return [
        *("pretrain", str(folder), "--slide-mpp", "0.5", "--backbone", "test_efficientnet"),
        *("--tile", "64", "--tiles-per-epoch", "4", "--batch-size", "2"),
    ]


def training(folder: Path) -> list[str]:
    write_cells(folder / "cells", samples=4, side=96, count=8)
    (folder / "recipe.json").write_text(TINY.model_dump_json())
    return ["train", str(folder / "cells"), "--recipe", str(folder / "recipe.json")]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Path]:
    """The folder of a run, none of whose processes is left in the end."""
    yield tmp_path / "run"
    with suppress(FileNotFoundError, ProcessLookupError):
        os.killpg(int((tmp_path / "group").read_text()), signal.SIGKILL)


def begun(words: list[str], run: Path) -> subprocess.Popen[str]:
    """Return a long run, the leader of a group of its own, that has completed an epoch."""
    program = "import sys; from plugin.shell import main; sys.exit(main())"
    command = [sys.executable, "-c", program, *words, "--out", str(run)]
    process = subprocess.Popen(
        [*command, "--epochs", "5000", "--device", "cpu", "--workers", "1"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    (run.parent / "group").write_text(str(process.pid))
    while not (run / "checkpoints" / "last.ckpt").exists():
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.05)
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("prepare", [pretraining, training])
def test_a_run_whose_whole_group_is_asked_to_stop_keeps_its_state_and_says_so(
    prepare: Callable[[Path], list[str]], number: signal.Signals, tmp_path: Path, run: Path
) -> None:
    process = begun(prepare(tmp_path), run)
    os.killpg(process.pid, number)
    took = seconds_to_end(process)
    _, log = process.communicate()  # ends once none of its workers is left
    assert (process.returncode, took < 8) == (1, True), (took, log)
    assert "Traceback" not in log
    assert "stopped after epoch" in log
    assert "--resume" in log
