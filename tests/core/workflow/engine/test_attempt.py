"""A training gives the same result however memory, workers and stops cut it up."""

import csv
import math
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from patherea_core.config import Recipe
from patherea_core.errors import InputError, TrainingError
from patherea_core.objective.hybrid import LossTerms, hybrid_loss
from patherea_core.points import Points
from patherea_core.progress import Silent
from patherea_core.workflow.engine import objectives
from patherea_core.workflow.engine.attempt import class_log_prior
from patherea_core.workflow.fit import FitRequest, fit
from patherea_core.workflow.run.kept_state import read_state
from tests.builders import sample
from tests.core.workflow.cells import tiny_for, write_cells


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset whose two samples to train on make eight tiles of 64 pixels."""
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=4, side=128, count=12)
    return folder


def trained(
    dataset: Path, run: Path, recipe: Recipe, *, workers: int = 0, resume: bool = False
) -> dict[str, Tensor]:
    """Train, and return the last weights."""
    fit(
        FitRequest(
            dataset=dataset,
            run=run,
            recipe=recipe,
            device="cpu",
            seed=3,
            workers=workers,
            resume=resume,
        ),
        Silent(),
    )
    state = read_state(run / "checkpoints" / "last.ckpt")
    weights: dict[str, Tensor] = state.get("current_model_state", state["state_dict"])
    return weights


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table, without what the clock said."""
    rows = csv.DictReader(path.read_text().splitlines())
    return [{name: value for name, value in row.items() if "second" not in name} for row in rows]


def dropping() -> Recipe:
    """Return a recipe whose network draws random numbers."""
    recipe = tiny_for(2, validations=1)
    options: dict[str, bool | int | float | str] = {"drop_path_rate": 0.5}
    network = recipe.network.model_copy(update={"backbone_options": options})
    return recipe.model_copy(update={"network": network})


def test_the_weights_do_not_depend_on_the_number_of_workers(dataset: Path, tmp_path: Path) -> None:
    alone = trained(dataset, tmp_path / "alone", dropping())
    helped = trained(dataset, tmp_path / "helped", dropping(), workers=2)
    assert all(torch.equal(alone[name], tensor) for name, tensor in helped.items())
    assert table(tmp_path / "alone" / "losses.csv") == table(tmp_path / "helped" / "losses.csv")


def test_where_memory_is_small_parts_of_a_batch_make_as_many_steps(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fits_three(proposals: Any, batch: Any, *settings: Any) -> LossTerms:  # noqa: ANN401
        if len(batch.targets) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return hybrid_loss(proposals, batch, *settings)

    monkeypatch.setattr(objectives, "hybrid_loss", fits_three)
    # Eight tiles: steps of six and of two, in parts of three and of two.
    trained(dataset, tmp_path / "run", tiny_for(1, batch_size=6))
    steps = [row["step"] for row in table(tmp_path / "run" / "losses.csv")]
    assert steps == ["1", "1", "2"]


def test_a_training_goes_on_from_its_last_epoch_when_memory_becomes_small(
    dataset: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sizes: list[int] = []

    def shrinking(proposals: Any, batch: Any, *settings: Any) -> LossTerms:  # noqa: ANN401
        sizes.append(len(batch.targets))
        if len(sizes) > 3 and sizes[-1] > 2:  # in the second epoch of two steps
            raise torch.OutOfMemoryError("CUDA out of memory")
        return hybrid_loss(proposals, batch, *settings)

    monkeypatch.setattr(objectives, "hybrid_loss", shrinking)
    trained(dataset, tmp_path / "run", tiny_for(2, batch_size=4))
    assert sizes == [4, 4, 4, 4, 2, 2, 2, 2]
    assert "memory does not suffice for 4 tiles at once" in caplog.text
    assert [row["epoch"] for row in table(tmp_path / "run" / "metrics.csv")] == ["1", "2"]


def test_a_training_ends_when_it_becomes_no_better_and_is_not_gone_on_with(
    dataset: Path, tmp_path: Path
) -> None:
    recipe = tiny_for(9, learning_rate=1e-12, ema_decay=0.0, validations=9, patience=2)
    ended = trained(dataset, tmp_path / "run", recipe)
    assert len(table(tmp_path / "run" / "metrics.csv")) == 3
    again = trained(dataset, tmp_path / "run", recipe, resume=True)
    assert all(torch.equal(ended[name], tensor) for name, tensor in again.items())
    assert len(table(tmp_path / "run" / "metrics.csv")) == 3


def test_a_loss_that_is_no_number_names_the_tiles_of_its_batch(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def astray(proposals: Any, batch: Any, *settings: Any) -> LossTerms:  # noqa: ANN401
        terms = hybrid_loss(proposals, batch, *settings)
        seen.append(batch)
        return LossTerms(*[getattr(terms, name) * math.nan for name in LossTerms.__slots__])

    seen: list[Any] = []
    monkeypatch.setattr(objectives, "hybrid_loss", astray)
    where = r"the loss in step 1 of epoch 1 \(tiles of sample-[13](, sample-[13])?\) is no finite"
    with pytest.raises(TrainingError, match=where):
        trained(dataset, tmp_path / "run", tiny_for(1))
    assert len(seen) == 1


def test_a_state_of_another_version_is_not_gone_on_from(dataset: Path, tmp_path: Path) -> None:
    recipe = tiny_for(1)
    trained(dataset, tmp_path, recipe)
    last = tmp_path / "checkpoints" / "last.ckpt"
    state = torch.load(last, weights_only=True)
    del state["form"]
    torch.save(state, last)
    (tmp_path / "model.safetensors").unlink()  # or the run would be complete
    with pytest.raises(InputError, match="kept by another version"):
        trained(dataset, tmp_path, recipe, resume=True)


def test_the_prior_of_a_class_is_its_share_and_that_of_an_empty_class_is_finite() -> None:
    xy = np.full((8, 2), 9.0)
    samples = [sample(Points(xy, np.array([0] * 6 + [2] * 2)))]
    prior = class_log_prior(samples, 3)
    assert prior.exp().tolist() == pytest.approx([7 / 11, 1 / 11, 3 / 11])


#: Trains, says when a step of epoch 2 has ended, and lingers in it.
DRIVER = """
import sys, time
from pathlib import Path
from tests.core.workflow.engine.test_attempt import trained
from tests.core.workflow.cells import tiny_for
from patherea_core.workflow.engine.learner import Learner

original = Learner.training_step

def lingering(self, batch, index):
    if self.current_epoch == 1 and index == 2:
        print("now", flush=True)
        time.sleep(60)
    return original(self, batch, index)

Learner.training_step = lingering
trained(Path(sys.argv[1]), Path(sys.argv[2]), tiny_for(3))
"""


@pytest.mark.slow  # a process that loads PyTorch
@pytest.mark.usefixtures("one_thread")
def test_a_training_that_was_killed_goes_on_as_if_it_had_not_been(
    dataset: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(dataset), str(tmp_path / "killed")],
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
    resumed = trained(dataset, tmp_path / "killed", tiny_for(3), resume=True)
    whole = trained(dataset, tmp_path / "whole", tiny_for(3))
    assert all(torch.equal(resumed[name], tensor) for name, tensor in whole.items())
    for name in ("metrics.csv", "losses.csv"):
        assert table(tmp_path / "killed" / name) == table(tmp_path / "whole" / name)
