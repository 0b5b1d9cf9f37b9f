"""What a training that was stopped has to show."""

from pathlib import Path

import pytest

from patherea_core.checkpoint import load_bundle
from patherea_core.errors import Cancelled
from patherea_core.progress import Silent
from patherea_core.workflow.fit import FitRequest, fit, save_best_so_far
from tests.core.workflow.cells import tiny_for, write_cells
from tests.fakes import RecordingProgress


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=2, side=64, count=6)
    return folder


def test_the_best_state_so_far_is_that_of_a_training_that_ended_there(
    dataset: Path, tmp_path: Path
) -> None:
    wanted = FitRequest(dataset=dataset, run=tmp_path / "run", recipe=tiny_for(2), device="cpu")
    model = load_bundle(fit(wanted, Silent()))
    assert save_best_so_far(wanted, tmp_path / "best")
    kept = load_bundle(tmp_path / "best")
    assert kept.card.weights_sha256 == model.card.weights_sha256
    assert kept.card.metrics == model.card.metrics
    assert kept.card.provenance == {**model.card.provenance, "stopped": "after epoch 2 of 2"}


def test_before_the_first_validation_there_is_nothing_to_show(
    dataset: Path, tmp_path: Path
) -> None:
    recipe = tiny_for(2, validations=1)
    wanted = FitRequest(dataset=dataset, run=tmp_path / "run", recipe=recipe, device="cpu")
    assert not save_best_so_far(wanted, tmp_path / "best")
    with pytest.raises(Cancelled, match="after epoch 1 of 2"):
        fit(wanted, RecordingProgress(stop_at=0.9))
    assert not save_best_so_far(wanted, tmp_path / "best")
    assert not (tmp_path / "best").exists()
