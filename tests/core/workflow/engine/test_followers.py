"""Processes that train together count every validation tile once, and fail together with a reason."""

import csv
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled, TrainingError
from patherea_core.evaluation.field import Field
from patherea_core.progress import Silent
from patherea_core.workflow.engine.attempt import Material, attempt
from patherea_core.workflow.engine.followers import company
from patherea_core.workflow.engine.learner import Learner
from patherea_core.workflow.engine.ranks import OneMachine, Place
from patherea_core.workflow.engine.reporting import Report
from patherea_core.workflow.engine.validation import (
    THRESHOLDS,
    Row,
    ThresholdCounts,
    count_at,
    scores_of,
)
from patherea_core.workflow.engine.whole_tiles import WholeTiles
from patherea_core.workflow.fit import FitRequest
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import read_state
from tests.core.workflow.cells import tiny_for, write_cells
from tests.fakes import RecordingProgress


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset with three samples to validate on, which two processes cannot share evenly."""
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=5, side=64, count=6)
    return folder


def request(dataset: Path, run: Path) -> FitRequest:
    """Return the request of a training of two steps."""
    recipe = tiny_for(2, batch_size=2, validations=1)
    return FitRequest(dataset=dataset, run=run, recipe=recipe, device="cpu", workers=0)


def scores(run: Path) -> Row:
    """Return what a training noted of its only validation."""
    (row,) = csv.DictReader((run / "metrics.csv").read_text().splitlines())
    noted = ("validation", "threshold")
    return {name: float(value) for name, value in row.items() if name.startswith(noted)}


@torch.no_grad()
def scores_of_one_process(asked: FitRequest, material: Material, state: Path) -> Row:
    """Return the scores of a kept state as a single process counts them."""
    learner = Learner(asked.recipe, material.manifest.taxonomy, 1.0)
    learner.load_state_dict(read_state(state)["state_dict"])
    learner.eval()
    radius = asked.recipe.radius_um / material.manifest.mpp
    total = ThresholdCounts.none(THRESHOLDS, len(learner.taxonomy))
    for sample in material.validation:
        found = WholeTiles().detect(learner.network, sample.pixels, THRESHOLDS[0])
        field = Field(sample.record.id, found, sample.points, sample.labelled).clipped()
        total = total + count_at(THRESHOLDS, field, len(learner.taxonomy), radius)
    return scores_of(total, learner.taxonomy.names)


def test_alone_there_is_nobody_to_wait_for(dataset: Path, tmp_path: Path) -> None:
    with company(request(dataset, tmp_path), "cpu", 1, 2, Silent()) as place:
        assert place == Place("cpu")
        assert place.alone
    assert not multiprocessing.active_children()


def test_lightning_learns_where_the_processes_meet() -> None:
    machine = OneMachine(Place("cuda", devices=4, rank=2, port=1234))
    assert machine.creates_processes_externally
    assert (machine.main_address, machine.main_port) == ("127.0.0.1", 1234)
    assert (machine.local_rank(), machine.node_rank()) == (2, 0)


@pytest.mark.slow  # a process that loads PyTorch
def test_two_processes_count_what_one_counts_and_only_the_first_writes(
    dataset: Path, tmp_path: Path
) -> None:
    asked = request(dataset, tmp_path / "run")
    folder = RunFolder(asked.run)
    folder.checkpoints.mkdir(parents=True)
    material = Material.read(asked, read_manifest(dataset), None, 2, Silent())
    with company(asked, "cpu", 2, 2, Silent()) as place:
        assert place.rank == 0
        attempt(asked, material, place, 2, [Report(Silent(), folder)])
    assert scores(asked.run) == scores_of_one_process(asked, material, folder.best)
    assert read_state(folder.last)["global_step"] == 2  # both share the two tiles of each
    assert not torch.distributed.is_initialized()
    assert not multiprocessing.active_children()


@pytest.mark.slow  # as above
def test_the_reason_of_another_process_is_that_of_the_training(
    dataset: Path, tmp_path: Path
) -> None:
    broken = replace(request(dataset, tmp_path / "run"), validation_fold=7)
    with (
        pytest.raises(TrainingError, match="no tile to validate on"),
        company(broken, "cpu", 2, 2, Silent()),
    ):
        pytest.fail("nobody is ready")
    assert not multiprocessing.active_children()


def test_waiting_for_the_others_can_be_stopped(dataset: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(Cancelled),
        company(request(dataset, tmp_path), "cpu", 2, 2, RecordingProgress(stop_at=0.0)),
    ):
        pytest.fail("nobody is ready")
    assert not multiprocessing.active_children()


class Killer:
    """A progress that kills all other processes once the training is in its second epoch."""

    def advance(self, _fraction: float, message: str = "") -> None:
        """Kill them."""
        if message.startswith("epoch 2"):
            for child in multiprocessing.active_children():
                child.kill()


@pytest.mark.slow  # as above
def test_a_training_whose_other_process_dies_ends_and_keeps_what_it_had(
    dataset: Path, tmp_path: Path
) -> None:
    asked = replace(request(dataset, tmp_path), recipe=tiny_for(9, batch_size=2))
    folder = RunFolder(asked.run)
    folder.checkpoints.mkdir(parents=True)
    material = Material.read(asked, read_manifest(dataset), None, 2, Silent())
    with (
        pytest.raises(TrainingError, match=r"ended unexpectedly \(exit code -9\)"),
        company(asked, "cpu", 2, 2, Silent()) as place,
    ):
        attempt(asked, material, place, 2, [Report(Killer(), folder)])
    assert folder.how_far(9) == "after epoch 1 of 9"
    assert not torch.distributed.is_initialized()
