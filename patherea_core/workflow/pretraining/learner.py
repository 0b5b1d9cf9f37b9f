"""A masked image model in training, as Lightning drives it: steps, schedule and held-out tiles."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import lightning
import torch
from torch import Tensor

from patherea_core.errors import InputError, PathereaError
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.finite import NumberWatch
from patherea_core.workflow.engine.losses import LOSS, LossRecord
from patherea_core.workflow.engine.pace import Pace
from patherea_core.workflow.engine.schedule import rate_factor, share_of_step
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.pretraining.loading import Tiles
from patherea_core.workflow.pretraining.pictures import Shown

#: Form of what a learner keeps; a state of another form cannot be gone on from.
_FORM = 1

#: Decay of the means of gradient and squared gradient (He et al. 2022, appendix A.1).
_BETAS = (0.9, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """The loss of a batch, which has no parts.

    Attributes:
        total: a scalar.
        parts: none.
    """

    total: Tensor
    parts: Mapping[str, Tensor] = field(default_factory=dict)


class Learner(lightning.LightningModule):
    """Train a masked image model by its loss, and look at held-out tiles after every epoch.

    What is hidden of a tile is drawn by seed, epoch and row, and of a held-out tile by the seed and its
    number alone: not by who trains, nor how many tiles at once.

    Attributes:
        history: one row per epoch: step, mean losses of training and of held-out tiles, rate, pace.
        losses: the loss by step.
        shown: the first held-out tiles, as the last epoch filled them in; in the first process only.
    """

    def __init__(self, config: PretrainingConfig, model: MaskedImageModel, seed: Seed) -> None:
        super().__init__()
        self.config = config
        self.model = model
        self.history: list[Row] = []
        self.losses = LossRecord((LOSS,))
        self.shown = Shown()
        self._seed = seed
        self._steps = 1
        self._pace = Pace(time.monotonic)
        self._watch = NumberWatch()
        self._held_out = (0.0, 0)
        self._first = 0

    def configure_optimizers(self) -> Any:  # noqa: ANN401  Lightning's own loose type
        """Return AdamW with a linear warm-up and then a cosine, stepped at every step."""
        self._steps = int(self.trainer.estimated_stepping_batches)
        self.losses.plan(self._steps * self.trainer.accumulate_grad_batches)
        settings = self.config
        optimizer = torch.optim.AdamW(
            parameter_groups(self.model, settings.weight_decay),
            lr=settings.learning_rate,
            betas=_BETAS,
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: rate_factor(step, self._steps, settings.warmup_fraction)
        )
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def transfer_batch_to_device(
        self,
        batch: Tiles | Tensor | PathereaError,
        device: torch.device,
        dataloader_idx: int,  # noqa: ARG002  Lightning's signature
    ) -> Tiles | Tensor:
        """Move a batch, or raise why there is none.

        Raises:
            InputError: a tile could not be read.
        """
        if isinstance(batch, PathereaError):
            raise batch
        return batch.to(device)

    def on_train_epoch_start(self) -> None:
        """Start the stopwatch."""
        self._pace.start()

    def training_step(self, batch: Tiles, index: int) -> Tensor:
        """Return the loss of a batch, weighed by its part of the step.

        Raises:
            TrainingError: it is no finite number; on a GPU that is found out a step later.
        """
        count, side = len(batch.images), batch.images.shape[-1]
        hidden = torch.cat(
            [
                self.model.masks(1, side, self._seed.stream("mask", *row))
                for row in batch.rows.tolist()
            ]
        )
        loss = self.model(self.model.normalised(batch.images), hidden.to(self.device)).loss
        self._watch.ask([loss], self._place())
        self.losses.note(Loss(loss), self.global_step + 1, self._rate())
        self._pace.count(count * self.trainer.world_size)
        return loss * share_of_step(self.trainer, index, count)

    def on_train_epoch_end(self) -> None:
        """Look at the weights before they are kept, so that what is kept can be resumed from.

        Raises:
            TrainingError: one of them is no number any more.
        """
        self._require_finite_weights()
        self._pace.stop()
        self.losses.gather(self._mean)

    def on_validation_epoch_start(self) -> None:
        """Begin with the held-out tiles, all processes with the same statistics of batch normalisation.

        Raises:
            TrainingError: a weight is no number any more.
        """
        self._require_finite_weights()
        self._pace.start_validating()
        self._held_out, self._first = (0.0, 0), 0
        self.shown = Shown()
        if self.trainer.world_size > 1:
            for buffer in self.model.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def validation_step(self, tiles: Tensor, index: int) -> None:
        """Fill in held-out tiles; of several processes each has batches of its own."""
        first, self._first = self._first, self._first + len(tiles)
        if index % self.trainer.world_size != self.global_rank:
            return
        rows = range(first, self._first)
        hidden = torch.cat(
            [
                self.model.masks(1, tiles.shape[-1], self._seed.stream("held-out mask", row))
                for row in rows
            ]
        ).to(self.device)
        images = self.model.normalised(tiles)
        made = self.model(images, hidden)
        total, count = self._held_out
        self._held_out = total + float(made.loss) * len(tiles), count + len(tiles)
        if self.trainer.is_global_zero:
            self.shown.add(images, made.picture, hidden)

    def on_validation_epoch_end(self) -> None:
        """Note losses and pace."""
        summed = self.trainer.strategy.reduce(
            torch.tensor(self._held_out, dtype=torch.float64, device=self.device), reduce_op="sum"
        )
        assert isinstance(summed, Tensor)
        total, count = summed.tolist()
        self.losses.gather(self._mean)
        self.history.append(
            {
                "epoch": self.current_epoch + 1,
                "step": self.global_step,
                **self.losses.recent(self._mean),
                "held_out_loss": total / count,
                "learning_rate": self._rate(),
                **self._pace.row(),
            }
        )
        self.losses.forget_recent()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history with the weights, so that a resumed run goes on with it."""
        checkpoint["form"] = _FORM
        checkpoint["history"] = self.history
        checkpoint["losses"] = self.losses.state()
        checkpoint["pace"] = self._pace.state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the history of the run that is resumed.

        Raises:
            InputError: the state was kept by another version.
        """
        if checkpoint.get("form") != _FORM:
            raise InputError(
                "the state of this run was kept by another version of the program and cannot be gone on"
                " from; start afresh in another folder"
            )
        self.history = checkpoint["history"]
        self.losses.resume(checkpoint["losses"])
        self._pace.resume(checkpoint["pace"])

    def _rate(self) -> float:
        """Return the learning rate of the step that is taken now."""
        step = min(self.global_step, self._steps - 1)
        factor = rate_factor(step, self._steps, self.config.warmup_fraction)
        return self.config.learning_rate * factor

    def _require_finite_weights(self) -> None:
        epoch = self.current_epoch + 1
        self._watch.ask(self.parameters(), lambda: f"a weight at the end of epoch {epoch}")
        self._watch.settle()

    def _place(self) -> Callable[[], str]:
        step, epoch = self.global_step + 1, self.current_epoch + 1
        return lambda: f"the loss in step {step} of epoch {epoch}"

    def _mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        mean = self.trainer.strategy.reduce(values.to(self.device), reduce_op="mean")
        assert isinstance(mean, Tensor)
        return mean


def parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return what an optimiser trains: weights that decay, and biases and scales, which do not."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decaying = [parameter for parameter in trained if parameter.ndim > 1]
    others = [parameter for parameter in trained if parameter.ndim <= 1]
    groups = ((decaying, weight_decay), (others, 0.0))
    return [
        {"params": parameters, "weight_decay": decay} for parameters, decay in groups if parameters
    ]
