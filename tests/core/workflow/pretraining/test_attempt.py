"""A pretraining gives the same result however processes, workers and kills cut it up."""

import multiprocessing
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from patherea_core.progress import Silent
from patherea_core.workflow.engine.processes import together
from patherea_core.workflow.pretrain import pretrain
from patherea_core.workflow.pretraining.attempt import (
    Following,
    Material,
    PretrainingReport,
    attempt,
)
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.learner import parameter_groups
from patherea_core.workflow.run.kept_state import read_state
from tests.core.workflow.test_pretrain import equal, of_epochs, request, table, weights


def test_weights_decay_and_biases_and_scales_do_not() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.BatchNorm2d(4))
    decaying, others = parameter_groups(network, 0.1)
    assert (decaying["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    assert [len(group["params"]) for group in (decaying, others)] == [1, 3]


@pytest.mark.slow  # two processes that load PyTorch
@pytest.mark.usefixtures("one_thread")
def test_the_weights_do_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    asked = request(tmp_path / "alone", of_epochs(2, colour_jitter=0.2))
    pretrain(asked, Silent())
    pretrain(replace(asked, run=tmp_path / "helped", workers=2), Silent())
    assert equal(weights(tmp_path / "alone"), weights(tmp_path / "helped"))


@pytest.mark.slow  # a process that loads PyTorch
@pytest.mark.usefixtures("one_thread")
def test_two_processes_learn_what_one_learns_from_batches_twice_as_large(tmp_path: Path) -> None:
    alone = request(tmp_path / "alone", of_epochs(2, batch_size=4))
    pretrain(alone, Silent())
    asked = request(tmp_path / "both", of_epochs(2, batch_size=2))
    folder = PretrainingFolder(asked.run)
    folder.checkpoints.mkdir(parents=True)
    material = Material.read(asked, None, Silent())
    with together(Following(asked, 2), "cpu", 2, Silent()) as place:
        attempt(asked, material, place, 2, [PretrainingReport(Silent(), folder)])
    one, two = weights(tmp_path / "alone"), weights(tmp_path / "both")
    assert read_state(folder.last)["global_step"] == 4
    # Sums in another order, and Adam divides the smallest gradients by their size.
    assert all(torch.allclose(one[name], two[name], atol=2e-4) for name in one)
    for mine, its in zip(
        table(alone.run / "metrics.csv"), table(asked.run / "metrics.csv"), strict=True
    ):
        assert float(mine["loss"]) == pytest.approx(float(its["loss"]), rel=1e-3)
        assert float(mine["held_out_loss"]) == pytest.approx(float(its["held_out_loss"]), rel=1e-3)
    assert not multiprocessing.active_children()


#: Pretrains, says when a step of epoch 2 has ended, and lingers in it.
DRIVER = """
import sys, time
from pathlib import Path
from patherea_core.progress import Silent
from patherea_core.workflow.pretrain import pretrain
from patherea_core.workflow.pretraining.learner import Learner
from tests.core.workflow.test_pretrain import request

original = Learner.training_step

def lingering(self, batch, index):
    if self.current_epoch == 1 and index == 2:
        print("now", flush=True)
        time.sleep(60)
    return original(self, batch, index)

Learner.training_step = lingering
pretrain(request(Path(sys.argv[1])), Silent())
"""


@pytest.mark.slow  # a process that loads PyTorch
@pytest.mark.usefixtures("one_thread")
def test_a_run_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path / "killed")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[4],
        env={"OMP_NUM_THREADS": "1"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    pretrain(request(tmp_path / "killed", resume=True), Silent())
    pretrain(request(tmp_path / "whole"), Silent())
    assert equal(weights(tmp_path / "killed"), weights(tmp_path / "whole"))
    for name in ("metrics.csv", "losses.csv"):
        assert table(tmp_path / "killed" / name) == table(tmp_path / "whole" / name)
