"""A network in training that notes its losses, history and pace, whatever it learns."""

import time
from typing import Any, ClassVar

import lightning
import torch
from torch import Tensor

from patherea_core.errors import InputError
from patherea_core.workflow.engine.finite import NumberWatch
from patherea_core.workflow.engine.losses import LossRecord
from patherea_core.workflow.engine.pace import Pace
from patherea_core.workflow.engine.schedule import Scheduled, rate_factor, schedule_for
from patherea_core.workflow.engine.validation import Row


class RecordedModule(lightning.LightningModule):
    """What every training notes and keeps, so that one that is resumed goes on as if it had not stopped.

    Attributes:
        form: of what is kept; a state of another form cannot be gone on from.
        history: one row per validation: epoch, mean losses since the last, learning rate, scores, pace.
        losses: the loss terms by step.
    """

    form: ClassVar[int]

    def __init__(self, settings: Scheduled, terms: tuple[str, ...]) -> None:
        """Take how fast the weights change, and the names of the loss terms."""
        super().__init__()
        self.history: list[Row] = []
        self.losses = LossRecord(terms)
        self._settings = settings
        self._steps = 1
        self._pace = Pace(time.monotonic)
        self._watch = NumberWatch()

    def scheduled(self, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """Return an optimiser with a linear warm-up and then a cosine, stepped at every step."""
        self._steps = int(self.trainer.estimated_stepping_batches)
        self.losses.plan(self._steps * self.trainer.accumulate_grad_batches)
        schedule = schedule_for(optimizer, self._settings, self._steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def on_train_epoch_start(self) -> None:
        """Start the stopwatch."""
        self._pace.start()

    def on_train_epoch_end(self) -> None:
        """Look at the weights before they are kept, so that what is kept can be resumed from.

        Raises:
            TrainingError: one of them is no number any more, as after a last step that went astray.
        """
        self._require_finite_weights()
        self._pace.stop()
        self.losses.gather(self._mean)

    def on_validation_epoch_start(self) -> None:
        """Begin to validate, all processes with the same network.

        Raises:
            TrainingError: a weight is no number any more.
        """
        self._require_finite_weights()
        self._pace.start_validating()
        if self.trainer.world_size > 1:
            # Each process has its own statistics of batch normalisation.
            for buffer in self.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history with the weights, so that a resumed run goes on with it."""
        checkpoint["form"] = self.form
        checkpoint["history"] = self.history
        checkpoint["losses"] = self.losses.state()
        checkpoint["pace"] = self._pace.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the history of the run that is resumed.

        Raises:
            InputError: the state was kept by another version.
        """
        if checkpoint.get("form") != self.form:
            raise InputError(
                "the state of this run was kept by another version of the program and cannot be gone on"
                " from; start afresh in another folder"
            )
        self.history = checkpoint["history"]
        self.losses.resume(checkpoint["losses"])
        self._pace.resume(checkpoint["pace"])

    def _note(self, scores: Row) -> None:
        """End a validation that found these scores."""
        self.losses.gather(self._mean)
        self.history.append(
            {
                "epoch": self.current_epoch + 1,
                **self.losses.recent(self._mean),
                "learning_rate": self._rate(),
                **scores,
                **self._pace.row(),
            }
        )
        self.losses.forget_recent()

    def _rate(self) -> float:
        """Return the learning rate of the step that is taken now, at its full height."""
        step = min(self.global_step, self._steps - 1)
        factor = rate_factor(step, self._steps, self._settings.warmup_fraction)
        return self._settings.learning_rate * factor

    def _require_finite_weights(self) -> None:
        epoch = self.current_epoch + 1
        self._watch.ask(self.parameters(), lambda: f"a weight at the end of epoch {epoch}")
        self._watch.settle()

    def _mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        return self._reduced(values, "mean")

    def _sum(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes."""
        return self._reduced(values, "sum")

    def _reduced(self, values: Tensor, how: str) -> Tensor:
        reduced = self.trainer.strategy.reduce(values.to(self.device), reduce_op=how)
        assert isinstance(reduced, Tensor)
        return reduced
