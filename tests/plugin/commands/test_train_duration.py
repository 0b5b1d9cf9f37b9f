"""Who starts a large training on a processor is told how long it takes."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from patherea_core.config import NetworkConfig
from patherea_core.data.store import read_manifest
from patherea_core.errors import InputError
from patherea_core.progress import Silent
from patherea_core.recipes import SMALL
from patherea_core.workflow.request import FitRequest
from plugin.commands import train_duration
from plugin.commands.train_detector import TrainRequest, run
from plugin.commands.train_duration import (
    DurationFirst,
    seconds_of_tile,
    tiles_of_epoch,
    warn_if_long,
)
from tests.core.workflow.cells import TINY, write_cells
from tests.fakes import RecordingProgress


@pytest.fixture
def request_of_cells(tmp_path: Path) -> FitRequest:
    write_cells(tmp_path / "cells", samples=4, side=128, count=4)
    return FitRequest(dataset=tmp_path / "cells", run=tmp_path / "run", recipe=TINY, device="cpu")


def warned(request: FitRequest, caplog: pytest.LogCaptureFixture) -> list[str]:
    with caplog.at_level(logging.WARNING):
        warn_if_long(request, read_manifest(request.dataset), "paper")
    return caplog.messages


def test_tiles_are_those_of_the_images_that_are_trained_on(request_of_cells: FitRequest) -> None:
    manifest = read_manifest(request_of_cells.dataset)
    assert tiles_of_epoch(request_of_cells, manifest) == 2 * (128 // 64) ** 2


def test_hours_are_told_before_they_begin(
    request_of_cells: FitRequest,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train_duration, "seconds_of_tile", lambda *_: 1000.0)
    (said,) = warned(request_of_cells, caplog)
    assert "the recipe paper takes about 7 h (3 epochs of 8 tiles)" in said
    assert "give the job a GPU, or take the recipe small" in said


def test_who_gave_weights_of_a_backbone_is_not_told_to_train_without_them_alone(
    request_of_cells: FitRequest,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train_duration, "seconds_of_tile", lambda *_: 1000.0)
    (said,) = warned(replace(request_of_cells, backbone_weights="hub"), caplog)
    assert said.endswith(
        "take a smaller --backbone, fewer --epochs or, without weights, the recipe small"
    )


@pytest.mark.parametrize(
    ("backbone", "base", "remedy"),
    [
        ("hibou-b", None, "take a smaller foundation model or fewer --epochs"),
        ("resnet10t", Path("base"), "take fewer --epochs"),
    ],
)
def test_a_remedy_is_one_for_what_was_asked(
    request_of_cells: FitRequest,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    backbone: str,
    base: Path | None,
    remedy: str,
) -> None:
    monkeypatch.setattr(train_duration, "seconds_of_tile", lambda *_: 1000.0)
    recipe = TINY.model_copy(update={"network": NetworkConfig(backbone=backbone)})
    (said,) = warned(replace(request_of_cells, recipe=recipe, base_model=base), caplog)
    assert said.endswith(f"give the job a GPU, or {remedy}")
    assert "recipe small" not in said


def test_the_duration_is_told_once_and_before_the_first_word() -> None:
    told: list[str] = []
    inner = RecordingProgress()
    progress = DurationFirst(inner, lambda: told.append(f"after {len(inner.reports)} words"))
    assert told == []
    progress.advance(0.1, "reading")
    progress.advance(0.2, "learning")
    assert told == ["after 0 words"]
    assert inner.reports == [(0.1, "reading"), (0.2, "learning")]


def test_a_training_that_is_refused_is_told_no_duration(
    request_of_cells: FitRequest, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train_duration, "seconds_of_tile", lambda *_: 1000.0)
    training = TrainRequest(
        dataset=request_of_cells.dataset,
        out=request_of_cells.run,
        recipe="paper-pretrained",
        device="cpu",
    )
    with pytest.raises(InputError, match="none are named"):
        run(training, Silent())
    assert "no GPU for this training" not in caplog.text


def test_nothing_is_said_of_minutes_nor_of_a_gpu(
    request_of_cells: FitRequest,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(train_duration, "seconds_of_tile", lambda *_: 10.0)
    assert warned(request_of_cells, caplog) == []
    monkeypatch.setattr(train_duration, "seconds_of_tile", lambda *_: 1000.0)
    assert warned(replace(request_of_cells, device="cuda"), caplog) == []


def test_a_small_network_is_not_tried_and_a_larger_one_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seconds_of_tile(SMALL, 2) == 0.0
    monkeypatch.setattr(train_duration, "_SMALL", 0)
    assert seconds_of_tile(TINY, 2) > 0.0
