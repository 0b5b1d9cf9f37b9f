"""A training that is asked to stop by a signal: a real process, a real SIGTERM."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from patherea_core.checkpoint import load_bundle
from patherea_core.data.store import pack
from tests.core.workflow.cells import write_cells
from tests.stopwatch import seconds_to_end

#: Runs a front door with a tiny recipe, says when a step of epoch 2 begins, and lingers in it.
DRIVER = """
import importlib, sys, time
from patherea_core.recipes import RECIPES
from patherea_core.workflow.engine.learner import Learner
from tests.core.workflow.cells import TINY

RECIPES["small"] = TINY
door, method = sys.argv.pop(1), sys.argv.pop(1)
original = getattr(Learner, method)

def lingering(self, *arguments):
    if self.current_epoch == 1:
        print("now", flush=True)
        time.sleep(0.5)
    return original(self, *arguments)

setattr(Learner, method, lingering)
sys.exit(importlib.import_module(door).main())
"""


def started(method: str, *words: str, door: str = "plugin.shell") -> subprocess.Popen[str]:
    """Return a training that says "now" whenever it enters a method of the learner in epoch 2."""
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, door, method, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # One thread: several would wait for each other where other programs run.
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), "OMP_NUM_THREADS": "1"},
    )


def stopped(process: subprocess.Popen[str]) -> str:
    """Send SIGTERM at the first "now", and return the only line of the log that tells of a stop."""
    assert process.stdout is not None
    while process.stdout.readline() != "now\n":
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert seconds_to_end(process) < 8
    _, log = process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in log
    (line,) = [line for line in log.splitlines() if "stopped" in line]
    return line


def trained(*words: str) -> None:
    process = started("configure_callbacks", *words)
    _, log = process.communicate(timeout=280)
    assert process.returncode == 0, log


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=4, side=96, count=8)
    return folder


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run folder of a training that nobody stopped."""
    run = tmp_path_factory.mktemp("runs") / "whole"
    trained("train", str(dataset), "--out", str(run))
    return run


@pytest.mark.slow  # five processes, each of which loads PyTorch
@pytest.mark.parametrize("method", ["training_step", "validation_step"])
def test_a_training_that_gets_sigterm_says_so_and_can_be_resumed_as_if_never_stopped(
    method: str, dataset: Path, whole: Path, tmp_path: Path
) -> None:
    words = ("train", str(dataset), "--out", str(tmp_path / "run"))
    line = stopped(started(method, *words))
    assert "training was stopped after epoch 1 of 3; the state is kept in" in line
    assert "--resume" in line
    assert not (tmp_path / "run" / "model.safetensors").exists()
    trained(*words, "--resume")
    digests = {
        load_bundle(run / "model.safetensors").card.weights_sha256
        for run in (whole, tmp_path / "run")
    }
    assert len(digests) == 1


@pytest.mark.slow  # as above
def test_a_job_that_is_cancelled_leaves_the_best_state_so_far(
    dataset: Path, tmp_path: Path
) -> None:
    pack(dataset, tmp_path / "cells.zip")
    outputs = {name: str(tmp_path / f"{name} of job") for name in ("Model", "Curves", "Metrics")}
    words = [word for name in outputs for word in (f"--output{name}File", outputs[name])]
    line = stopped(
        started(
            "validation_step",
            "TrainDetector",
            "--inputDatasetFile",
            str(tmp_path / "cells.zip"),
            *words,
            door="plugin.__main__",
        )
    )
    assert line.endswith(
        f"training was stopped after epoch 1 of 3; the best state until then is {outputs['Model']}"
    )
    card = load_bundle(Path(outputs["Model"])).card
    assert card.provenance["stopped"] == "after epoch 1 of 3"
    assert len(Path(outputs["Metrics"]).read_text().splitlines()) == 2
    assert Path(outputs["Curves"]).read_bytes().startswith(b"\x89PNG")
