"""Training: it finds cells, it can be resumed, and it says what is wrong."""

import csv
from pathlib import Path

import pytest
import torch

from patherea_core.checkpoint import ModelBundle, load_bundle
from patherea_core.config import (
    AssignmentConfig,
    DecodingConfig,
    NetworkConfig,
    Recipe,
    TrainingConfig,
)
from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled, DatasetError, InputError
from patherea_core.evaluation.scores import count_classes, mean_f1
from patherea_core.progress import Silent
from patherea_core.recipes import SMALL
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide
from patherea_core.workflow.fit import FitRequest, fit
from patherea_core.workflow.predict import Detector, predict
from tests.core.workflow.cells import MPP, TAXONOMY, draw_cells, write_cells

TINY = Recipe(
    network=NetworkConfig(backbone="convnext_atto", fpn_channels=16, head_blocks=1),
    assignment=AssignmentConfig(proposals_per_target=2),
    training=TrainingConfig(
        epochs=3, batch_size=2, tile_size=64, learning_rate=1e-3, ema_decay=0.9, validations=3
    ),
    decoding=DecodingConfig(score_threshold=None),
)


class StopAt:
    """A progress that asks to stop once a fraction is reached."""

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    def advance(self, fraction: float, message: str = "") -> None:
        """Raise Cancelled from the fraction on."""
        if fraction >= self.fraction:
            raise Cancelled(message)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=4, side=128, count=12)
    return folder


def request(dataset: Path, run: Path, recipe: Recipe = TINY, *, resume: bool = False) -> FitRequest:
    return FitRequest(dataset=dataset, run=run, recipe=recipe, device="cpu", seed=3, resume=resume)


def weights_of(bundle: ModelBundle) -> str:
    return bundle.card.weights_sha256


def test_a_network_trained_for_a_minute_finds_simple_cells(tmp_path: Path) -> None:
    write_cells(tmp_path / "cells", samples=6, side=256, count=60, folds=3)
    quick = SMALL.training.model_copy(update={"epochs": 50, "tile_size": 128, "validations": 5})
    recipe = SMALL.model_copy(update={"training": quick})
    path = fit(request(tmp_path / "cells", tmp_path / "run", recipe), Silent())
    pixels, points = draw_cells(300, 80, Seed(99))
    found = predict(ArraySlide("new", MPP, pixels), Detector.load(load_bundle(path), "cpu"))
    counts = count_classes(found, points, len(TAXONOMY), radius=6)
    score = mean_f1(counts.per_class)
    assert score is not None
    assert score > 0.9


def test_a_run_leaves_recipe_history_curves_and_model(dataset: Path, tmp_path: Path) -> None:
    path = fit(request(dataset, tmp_path / "run"), Silent())
    names = {item.name for item in (tmp_path / "run").iterdir()}
    assert names == {"recipe.json", "metrics.csv", "curves.png", "checkpoints", "model.safetensors"}
    rows = list(csv.DictReader((tmp_path / "run" / "metrics.csv").read_text().splitlines()))
    assert [float(row["epoch"]) for row in rows] == [1, 2, 3]
    card = load_bundle(path).card
    assert card.taxonomy.names == TAXONOMY.names
    assert card.mpp == MPP
    assert card.provenance["dataset_sha256"] == read_manifest(dataset).digest()
    assert card.provenance["validation_fold"] == 0
    assert card.metrics["validation_mean_f1"] == max(
        float(row["validation_mean_f1"]) for row in rows
    )


def test_the_same_seed_gives_the_same_weights(dataset: Path, tmp_path: Path) -> None:
    first, second = (load_bundle(fit(request(dataset, tmp_path / name), Silent())) for name in "ab")
    assert weights_of(first) == weights_of(second)


def test_a_stopped_run_that_is_resumed_ends_as_if_never_stopped(
    dataset: Path, tmp_path: Path
) -> None:
    whole = load_bundle(fit(request(dataset, tmp_path / "whole"), Silent()))
    with pytest.raises(Cancelled):
        fit(request(dataset, tmp_path / "halves"), StopAt(0.6))
    assert not (tmp_path / "halves" / "model.safetensors").exists()
    resumed = load_bundle(fit(request(dataset, tmp_path / "halves", resume=True), Silent()))
    assert weights_of(whole) == weights_of(resumed)
    assert (tmp_path / "whole" / "metrics.csv").read_text() == (
        tmp_path / "halves" / "metrics.csv"
    ).read_text()


def test_a_run_folder_is_not_used_twice(dataset: Path, tmp_path: Path) -> None:
    recipe = TINY.model_copy(update={"training": TINY.training.model_copy(update={"epochs": 1})})
    fit(request(dataset, tmp_path, recipe), Silent())
    with pytest.raises(InputError, match="already holds a run"):
        fit(request(dataset, tmp_path, recipe), Silent())
    with pytest.raises(InputError, match="other settings"):
        fit(request(dataset, tmp_path, TINY, resume=True), Silent())


def test_there_must_be_a_run_to_resume(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run to resume"):
        fit(request(dataset, tmp_path / "empty", resume=True), Silent())


def test_an_empty_fold_is_refused_before_anything_is_written(dataset: Path, tmp_path: Path) -> None:
    wanted = FitRequest(
        dataset=dataset, run=tmp_path / "run", recipe=TINY, validation_fold=7, device="cpu"
    )
    with pytest.raises(DatasetError, match="no tile to validate on"):
        fit(wanted, Silent())
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_a_missing_gpu_is_said_so(dataset: Path, tmp_path: Path) -> None:
    wanted = FitRequest(dataset=dataset, run=tmp_path / "run", recipe=TINY, device="cuda")
    with pytest.raises(InputError, match="no CUDA device"):
        fit(wanted, Silent())
