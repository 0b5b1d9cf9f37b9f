"""Averaged weights are what a loop over all steps gives, and what does not change stays the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import lightning
import pytest
import torch
from torch import Tensor, nn

from patherea_core.workflow.engine.averaging import AveragedWeights

DECAY = 0.7


class Model(lightning.LightningModule):
    """A layer that is frozen, and one that learns, with statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(3, 4).requires_grad_(requires_grad=False)
        self.learning = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)

    def changed(self) -> None:
        """Take a step of training."""
        with torch.no_grad():
            self.learning.weight.add_(torch.rand(4, 4))
        self.norm(torch.rand(8, 4) * 3)


@dataclass
class Trainer:
    """All that the callback asks of a trainer."""

    global_step: int = 0


def numbers(model: Model) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.fixture
def model() -> Iterator[Model]:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        yield Model()


def stepped(averaged: AveragedWeights, trainer: Any, model: Model) -> None:  # noqa: ANN401
    model.changed()
    trainer.global_step += 1
    averaged.on_train_batch_end(trainer, model)


def average_in(averaged: AveragedWeights, trainer: Any, model: Model) -> dict[str, Tensor]:  # noqa: ANN401
    """Return the average as a validation sees it."""
    averaged.on_validation_epoch_start(trainer, model)
    seen = numbers(model)
    averaged.on_validation_epoch_end(trainer, model)
    return seen


def test_the_average_is_that_of_a_slow_loop_statistics_included(model: Model) -> None:
    averaged, trainer = AveragedWeights(DECAY), Trainer()
    averaged.on_train_start(trainer, model)  # type: ignore[arg-type]  # as much as is asked for
    expected: dict[str, Tensor] = {}
    for _ in range(5):
        stepped(averaged, trainer, model)
        for name, tensor in numbers(model).items():
            before = expected.get(name, tensor)
            mean = DECAY * before + (1 - DECAY) * tensor if before.is_floating_point() else tensor
            expected[name] = mean
    seen = average_in(averaged, trainer, model)
    for name, tensor in expected.items():
        torch.testing.assert_close(seen[name], tensor, msg=name)
    assert not torch.equal(seen["norm.running_mean"], numbers(model)["norm.running_mean"])
    assert seen["norm.num_batches_tracked"] == 5


def test_frozen_weights_stay_the_same_to_the_last_bit(model: Model) -> None:
    averaged, trainer = AveragedWeights(DECAY), Trainer()
    averaged.on_train_start(trainer, model)  # type: ignore[arg-type]
    before = numbers(model)
    for _ in range(50):
        stepped(averaged, trainer, model)
    seen = average_in(averaged, trainer, model)
    assert torch.equal(seen["frozen.weight"], before["frozen.weight"])
    assert not torch.equal(seen["learning.weight"], before["learning.weight"])


def test_after_a_validation_the_weights_are_back(model: Model) -> None:
    averaged, trainer = AveragedWeights(DECAY), Trainer()
    averaged.on_train_start(trainer, model)  # type: ignore[arg-type]
    for _ in range(3):
        stepped(averaged, trainer, model)
    before = numbers(model)
    first = average_in(averaged, trainer, model)
    second = average_in(averaged, trainer, model)
    assert all(torch.equal(before[name], tensor) for name, tensor in numbers(model).items())
    assert all(torch.equal(first[name], tensor) for name, tensor in second.items())


def test_batches_that_end_no_step_do_not_move_the_average(model: Model) -> None:
    averaged, trainer = AveragedWeights(DECAY), Trainer()
    averaged.on_train_start(trainer, model)  # type: ignore[arg-type]
    stepped(averaged, trainer, model)
    before = average_in(averaged, trainer, model)
    model.changed()
    averaged.on_train_batch_end(trainer, model)  # type: ignore[arg-type]
    after = average_in(averaged, trainer, model)
    assert all(torch.equal(before[name], tensor) for name, tensor in after.items())
