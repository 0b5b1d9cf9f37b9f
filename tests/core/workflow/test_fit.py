"""Training: it finds cells, it can be resumed, and it says what is wrong."""

import csv
import logging
import math
import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from patherea_core.bundle_card import DEFAULT_HALO
from patherea_core.checkpoint import ModelBundle, load_bundle
from patherea_core.config import Recipe
from patherea_core.data.dataset_looks import dataset_colours
from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled, DatasetError, InputError, TrainingError
from patherea_core.evaluation.scores import count_classes, mean_f1
from patherea_core.objective.hybrid import LossTerms, hybrid_loss
from patherea_core.progress import Silent
from patherea_core.recipes import SMALL
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide
from patherea_core.workflow import fit as fit_module
from patherea_core.workflow.engine import objectives
from patherea_core.workflow.fit import FitRequest, fit
from patherea_core.workflow.predict import Detector, predict
from tests.core.workflow.cells import MPP, TAXONOMY, TINY, draw_cells, tiny_for, write_cells
from tests.core.workflow.engine.test_attempt import table
from tests.fakes import RecordingProgress


class StopWhen:
    """A progress that asks to stop once a message has a word in it."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def advance(self, _fraction: float, message: str = "") -> None:
        """Raise Cancelled if all words are in the message."""
        if all(word in message for word in self.words):
            raise Cancelled("stopped on request")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "cells"
    write_cells(folder, samples=4, side=128, count=12)
    return folder


def request(dataset: Path, run: Path, recipe: Recipe = TINY, *, resume: bool = False) -> FitRequest:
    return FitRequest(dataset=dataset, run=run, recipe=recipe, device="cpu", seed=3, resume=resume)


@pytest.fixture(scope="module")
def whole(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that nobody stopped."""
    return fit(request(dataset, tmp_path_factory.mktemp("runs") / "whole"), Silent()).parent


def weights_of(bundle: ModelBundle) -> str:
    return bundle.card.weights_sha256


@pytest.mark.timeout(1200)  # on a machine that is busy otherwise
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


def test_a_run_leaves_recipe_history_curves_and_model(dataset: Path, whole: Path) -> None:
    names = {item.name for item in whole.iterdir()}
    assert names == {
        "recipe.json",
        "run.json",
        "metrics.csv",
        "losses.csv",
        "curves.png",
        "tensorboard",
        "checkpoints",
        "model.safetensors",
    }
    rows = list(csv.DictReader((whole / "metrics.csv").read_text().splitlines()))
    assert [float(row["epoch"]) for row in rows] == [1, 2, 3]
    card = load_bundle(whole / "model.safetensors").card
    assert card.taxonomy.names == TAXONOMY.names
    assert card.mpp == MPP
    assert card.provenance["dataset_sha256"] == read_manifest(dataset).digest()
    assert card.provenance["validation_fold"] == 0
    assert card.metrics["validation_mean_f1"] == max(
        float(row["validation_mean_f1"]) for row in rows
    )


def test_the_same_seed_gives_the_same_weights(dataset: Path, whole: Path, tmp_path: Path) -> None:
    again = load_bundle(fit(request(dataset, tmp_path / "again"), Silent()))
    assert weights_of(again) == weights_of(load_bundle(whole / "model.safetensors"))


@pytest.mark.parametrize("words", [("epoch 2", "loss"), ("epoch 2", "validating")])
def test_a_stopped_run_that_is_resumed_ends_as_if_never_stopped(
    dataset: Path, whole: Path, tmp_path: Path, words: tuple[str, str]
) -> None:
    with pytest.raises(Cancelled, match="training was stopped after epoch 1 of 3"):
        fit(request(dataset, tmp_path / "halves"), StopWhen(*words))
    assert not (tmp_path / "halves" / "model.safetensors").exists()
    resumed = load_bundle(fit(request(dataset, tmp_path / "halves", resume=True), Silent()))
    assert weights_of(resumed) == weights_of(load_bundle(whole / "model.safetensors"))
    for name in ("metrics.csv", "losses.csv"):
        assert table(tmp_path / "halves" / name) == table(whole / name)


def test_a_run_that_goes_on_elsewhere_keeps_its_best_state(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        fit(request(dataset, tmp_path / "here"), StopWhen("epoch 3", "loss"))
    kept = torch.load(tmp_path / "here" / "checkpoints" / "last.ckpt", weights_only=True)
    # As though no later state were as good.
    for own in kept["callbacks"].values():
        if own.get("monitor"):
            own["best_model_score"] = torch.tensor(2.0)
            own["best_k_models"] = dict.fromkeys(own["best_k_models"], torch.tensor(2.0))
            own["kth_value"] = torch.tensor(2.0)
    torch.save(kept, tmp_path / "here" / "checkpoints" / "last.ckpt")
    best = (tmp_path / "here" / "checkpoints" / "best.ckpt").read_bytes()
    (tmp_path / "here").rename(tmp_path / "there")
    fit(request(dataset, tmp_path / "there", resume=True), Silent())
    assert (tmp_path / "there" / "checkpoints" / "best.ckpt").read_bytes() == best
    assert not (tmp_path / "here").exists()


@pytest.mark.parametrize("resume", [False, True])
def test_a_run_that_was_stopped_in_its_first_epoch_starts_afresh(
    dataset: Path, tmp_path: Path, *, resume: bool
) -> None:
    with pytest.raises(Cancelled, match="before the end of its first epoch"):
        fit(request(dataset, tmp_path), StopWhen("epoch 1", "validating"))
    model = fit(request(dataset, tmp_path, tiny_for(1), resume=resume), Silent())
    assert load_bundle(model).card.recipe.training.epochs == 1


def test_a_finished_run_that_is_resumed_has_the_same_model(dataset: Path, tmp_path: Path) -> None:
    first = load_bundle(fit(request(dataset, tmp_path, tiny_for(1)), Silent())).card
    again = fit(request(dataset, tmp_path, tiny_for(1), resume=True), Silent())
    assert load_bundle(again).card == first


def test_a_complete_run_is_not_scored_again(
    dataset: Path, whole: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fit_module, "assess", None)
    before = (whole / "model.safetensors").stat().st_mtime_ns
    with caplog.at_level(logging.INFO):
        fit(request(dataset, whole, resume=True), Silent())
    assert (whole / "model.safetensors").stat().st_mtime_ns == before
    assert f"the run in {whole} is complete" in caplog.text


def test_a_training_says_in_advance_what_it_trains_on_what(
    dataset: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(Cancelled):
        fit(request(dataset, tmp_path), StopWhen("loss"))
    said = [one.getMessage() for one in caplog.records]
    assert any("recipe without a name: " in one and " 3 epochs, seed 3" in one for one in said)
    assert "trains on 2 images of 2 patients, validates on 2 images of 2 patients (fold 0)" in said


def test_a_run_is_not_resumed_on_another_dataset(dataset: Path, tmp_path: Path) -> None:
    fit(request(dataset, tmp_path / "run", tiny_for(1)), Silent())
    write_cells(tmp_path / "other", samples=2, side=128, count=12)
    with pytest.raises(InputError, match=r"the dataset of digest \w+, not \w+:"):
        fit(request(tmp_path / "other", tmp_path / "run", tiny_for(1), resume=True), Silent())


def test_a_seed_that_is_none_is_refused_before_anything_is_written(
    dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="a seed must be"):
        fit(replace(request(dataset, tmp_path / "run"), seed=-1), Silent())
    assert not (tmp_path / "run").exists()


def test_changed_labels_are_not_trained_on(dataset: Path, tmp_path: Path) -> None:
    shutil.copytree(dataset, tmp_path / "cells")
    table = tmp_path / "cells" / "points" / "sample-1.csv"
    table.write_text(table.read_text().replace("brown", "blue"))
    with pytest.raises(DatasetError, match=r"'sample-1' .* were changed"):
        fit(request(tmp_path / "cells", tmp_path / "run"), Silent())
    assert not (tmp_path / "run").exists()


def test_every_sample_and_every_validation_tile_is_a_chance_to_stop(
    dataset: Path, tmp_path: Path
) -> None:
    progress = RecordingProgress()
    fit(request(dataset, tmp_path, tiny_for(1)), progress)
    messages = [message for _, message in progress.reports]
    assert messages.count("reading the dataset") == 4
    assert messages.count("epoch 1 of 1, validating") == 2
    assert progress.fractions == sorted(progress.fractions)
    assert progress.fractions[-1] == 1


def test_a_training_whose_weights_explode_stops_and_keeps_what_it_had(
    dataset: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"of epoch \d.* is no finite number"):
        fit(request(dataset, tmp_path, tiny_for(3, learning_rate=1e30)), Silent())
    assert not (tmp_path / "model.safetensors").exists()
    for path in (tmp_path / "checkpoints").iterdir():
        state = torch.load(path, weights_only=True)["current_model_state"]
        assert all(bool(tensor.isfinite().all()) for tensor in state.values())


@pytest.mark.parametrize("call", [1, 4])
def test_a_loss_that_is_no_number_names_its_epoch_and_step(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    calls = 0

    def astray(*given: Any) -> LossTerms:  # noqa: ANN401
        nonlocal calls
        calls += 1
        terms = hybrid_loss(*given)
        return replace(terms, total=terms.total * math.nan) if calls == call else terms

    monkeypatch.setattr(objectives, "hybrid_loss", astray)
    # An epoch has eight tiles: two samples, each as large as four.
    recipe = tiny_for(3, batch_size=4)
    where = {1: "step 1 of epoch 1", 4: "step 4 of epoch 2"}[call]
    with pytest.raises(TrainingError, match=rf"the loss in {where} \(.*\) is no finite number"):
        fit(request(dataset, tmp_path, recipe), Silent())
    assert (tmp_path / "checkpoints" / "last.ckpt").exists() == (call == 4)


def test_the_callers_answer_to_sigterm_is_the_one_that_counts(
    dataset: Path, tmp_path: Path
) -> None:
    def answer(_number: int, _frame: object) -> None:
        heard.append(True)

    class Sender:
        """A progress that sends SIGTERM to this very process, and does not ask to stop."""

        def advance(self, _fraction: float, message: str = "") -> None:
            """Send it during training and during validation."""
            if "epoch" in message:
                os.kill(os.getpid(), signal.SIGTERM)

    heard: list[bool] = []
    before = signal.signal(signal.SIGTERM, answer)
    try:
        fit(request(dataset, tmp_path, tiny_for(2)), Sender())
        assert len(heard) > 4
        assert signal.getsignal(signal.SIGTERM) is answer
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_trainer_that_leaves_the_program_has_been_stopped(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*_: object) -> None:
        raise KeyboardInterrupt  # which the trainer answers by leaving

    monkeypatch.setattr(objectives, "hybrid_loss", leave)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Cancelled, match="before the end of its first epoch"):
        fit(request(dataset, tmp_path), Silent())
    assert signal.getsignal(signal.SIGINT) is before


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


def test_the_card_has_what_is_measured_of_the_model_and_of_its_images(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = np.zeros((8, 8, 3), dtype=np.uint8)
    monkeypatch.setattr(fit_module, "mosaic", lambda images: shown if len(images) else None)
    monkeypatch.setattr(
        fit_module, "effective_halo", lambda _runtime, _least, image: 64 if image is shown else 0
    )
    card = load_bundle(fit(request(dataset, tmp_path, tiny_for(1)), Silent())).card
    assert card.halo == 64
    assert card.colours == dataset_colours(dataset, read_manifest(dataset), [1, 3])


def test_where_images_do_not_suffice_to_measure_a_halo_it_is_a_safe_one(whole: Path) -> None:
    assert load_bundle(whole / "model.safetensors").card.halo == DEFAULT_HALO
