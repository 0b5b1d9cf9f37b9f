"""A training says how far it is, how long it will take, and what it found, and can be stopped by it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tensorboard.backend.event_processing.event_accumulator import (  # type: ignore[import-untyped]
    EventAccumulator,
)

from patherea_core.errors import Cancelled
from patherea_core.progress import Silent
from patherea_core.workflow.engine.losses import TERMS, LossRow
from patherea_core.workflow.engine.reporting import Remaining, Report
from patherea_core.workflow.fit import FitRequest, fit
from patherea_core.workflow.run.folder import RunFolder
from tests.core.workflow.cells import tiny_for, write_cells
from tests.core.workflow.engine.test_pace import Clock
from tests.fakes import RecordingProgress


class Learner:
    """All that the report asks of a learner."""

    def __init__(self) -> None:
        self.looks = 0
        self.history: list[dict[str, float | None]] = []
        self.losses = SimpleNamespace(recent=self._recent, rows=[])

    def _recent(self) -> LossRow:
        self.looks += 1
        return dict.fromkeys(TERMS, 0.25)


def trainer(step: int) -> Any:  # noqa: ANN401
    """Return all that the report asks of a trainer."""
    return SimpleNamespace(
        global_step=step,
        estimated_stepping_batches=100,
        current_epoch=0,
        max_epochs=2,
        is_global_zero=True,
    )


def test_the_loss_is_looked_at_once_a_second_and_told_at_every_step(tmp_path: Path) -> None:
    clock, progress, learner = Clock(), RecordingProgress(), Learner()
    report = Report(progress, RunFolder(tmp_path), clock)
    for step in range(1, 21):
        report.on_train_batch_end(trainer(step), learner)
        clock.now += 0.25
    assert learner.looks == 5
    assert len(progress.reports) == 20
    assert progress.reports[0] == (0.01, "epoch 1 of 2, loss 0.250")


def test_after_a_validation_its_score_is_told_at_once(tmp_path: Path) -> None:
    progress, learner = RecordingProgress(), Learner()
    report = Report(progress, RunFolder(tmp_path), Clock())
    report.on_train_batch_end(trainer(1), learner)
    learner.history.append({"epoch": 1, "validation_mean_f1": 0.5})
    report.on_validation_end(trainer(1), learner)
    report.on_train_batch_end(trainer(2), learner)
    assert progress.reports[-1][1] == "epoch 1 of 2, loss 0.250, validation F1 of epoch 1: 0.500"


def test_the_score_of_the_last_epoch_is_told_at_the_end_and_nothing_is_whole_before(
    tmp_path: Path,
) -> None:
    progress, learner = RecordingProgress(), Learner()
    report = Report(progress, RunFolder(tmp_path), Clock())
    report.on_train_batch_end(trainer(100), learner)
    report.on_validation_batch_end(trainer(100))
    learner.history.append({"epoch": 1, "validation_mean_f1": 0.5})
    report.on_validation_end(trainer(100), learner)
    report.on_train_end(trainer(100), learner)
    assert max(progress.fractions[:-1]) < 1
    assert progress.reports[-1] == (1.0, "1 epoch, validation F1 of epoch 1: 0.500")


def test_curves_are_drawn_now_and_then_and_at_the_end(tmp_path: Path) -> None:
    clock, learner, folder = Clock(), Learner(), RunFolder(tmp_path)
    report = Report(Silent(), folder, clock)
    learner.history.append({"epoch": 1, "validation_mean_f1": 0.5})
    report.on_validation_end(trainer(1), learner)
    first = folder.curves.stat().st_mtime_ns
    learner.history.append({"epoch": 2, "validation_mean_f1": 0.6})
    report.on_validation_end(trainer(2), learner)
    assert folder.curves.stat().st_mtime_ns == first
    assert len(folder.metrics.read_text().splitlines()) == 3
    report.on_exception(trainer(2), learner, Cancelled("at once"))
    assert folder.curves.stat().st_mtime_ns == first
    report.on_exception(trainer(2), learner, RuntimeError())
    second = folder.curves.stat().st_mtime_ns
    assert second > first
    report.on_train_end(trainer(2), learner)
    assert folder.curves.stat().st_mtime_ns == second


def test_what_is_left_is_told_by_the_part_that_this_process_did() -> None:
    clock = Clock()
    remaining = Remaining(clock)
    assert remaining.after(0.5) == []  # a run that goes on from its middle
    clock.now += 5
    assert remaining.after(0.51) == []
    clock.now += 55
    assert remaining.after(0.6) == ["about 4 min left"]
    clock.now += 60
    assert remaining.after(1.0) == []


def test_tensorboard_gets_losses_rates_and_scores_by_step(tmp_path: Path) -> None:
    write_cells(tmp_path / "cells", samples=2, side=64, count=6)
    recipe = tiny_for(2, batch_size=1, validations=2)
    run = tmp_path / "run"
    fit(FitRequest(dataset=tmp_path / "cells", run=run, recipe=recipe, device="cpu"), Silent())
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    tags = events.Tags()["scalars"]
    assert {f"training/{name}" for name in TERMS} <= set(tags)
    assert {"validation/mean_f1", "validation/blue_f1", "run/learning_rate"} <= set(tags)
    assert [event.step for event in events.Scalars("training/loss")] == [1, 2]
    assert [event.step for event in events.Scalars("validation/mean_f1")] == [1, 2]
