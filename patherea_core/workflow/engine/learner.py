"""The network in training, as Lightning drives it: steps, schedule and validation."""

import time
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor

from patherea_core.batch import Batch
from patherea_core.config import Recipe
from patherea_core.data.store import Sample
from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.model.building import build_detector
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.engine.finite import NumberWatch
from patherea_core.workflow.engine.losses import LossRecord
from patherea_core.workflow.engine.objectives import objective_of, terms_of
from patherea_core.workflow.engine.pace import Pace
from patherea_core.workflow.engine.schedule import (
    optimizer_for,
    rate_factor,
    schedule_for,
    share_of_step,
)
from patherea_core.workflow.engine.validation import (
    Row,
    ThresholdCounts,
    best_row,
    count_at,
    scores_of,
    thresholds_for,
)
from patherea_core.workflow.engine.whole_tiles import WholeTiles

__all__ = ["Learner", "best_row"]

#: Form of what a learner keeps; a state of another form cannot be gone on from.
_FORM = 2


class Learner(lightning.LightningModule):
    """Train a detector by the objective of its kind, and score it on whole validation tiles.

    Attributes:
        history: one row per validation: epoch, mean loss terms since the last, threshold, scores, pace.
        losses: the loss terms by step.
        objective: what the network is to learn.
    """

    def __init__(self, recipe: Recipe, taxonomy: Taxonomy, mpp: float) -> None:
        """Take the micrometres per working pixel."""
        super().__init__()
        self.recipe = recipe
        self.taxonomy = taxonomy
        self.radius = recipe.radius_um / mpp
        self.network = build_detector(recipe.network, len(taxonomy))
        self.history: list[Row] = []
        self.losses = LossRecord(terms_of(recipe))
        self.objective = objective_of(recipe)
        self._steps = 1
        self._pace = Pace(time.monotonic)
        self._watch = NumberWatch()
        self._whole = WholeTiles(recipe.decoding.least_distance_um / mpp)
        self._thresholds = thresholds_for(recipe.decoding.score_threshold)
        self._counts = ThresholdCounts.none(self._thresholds, len(taxonomy))

    def configure_optimizers(self) -> Any:  # noqa: ANN401  Lightning's own loose type
        """Return AdamW with a linear warm-up and then a cosine, stepped at every step (section 6.1)."""
        settings = self.recipe.training
        self._steps = int(self.trainer.estimated_stepping_batches)
        self.losses.plan(self._steps * self.trainer.accumulate_grad_batches)
        optimizer = optimizer_for(self.network, settings)
        schedule = schedule_for(optimizer, settings, self._steps)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }

    def transfer_batch_to_device(
        self,
        batch: object,
        device: torch.device,
        dataloader_idx: int,  # noqa: ARG002  Lightning's signature
    ) -> object:
        """Move training batches; validation samples are moved tile by tile."""
        return batch.to(device) if isinstance(batch, Batch) else batch

    def on_train_epoch_start(self) -> None:
        """Start the stopwatch."""
        self._pace.start()

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch, weighed by its part of the step.

        Raises:
            TrainingError: the loss is no finite number, or what the network says is none; on a GPU
                that is found out a step later.
        """
        where = self._place(index)
        outputs = self.network(batch.images)
        # Asked first, since what is no number cannot be assigned.
        self._watch.ask(outputs.numbers(), lambda: f"what the network proposes in {where()}")
        terms = self.objective(outputs, batch)
        self._watch.ask([terms.total], lambda: f"the loss in {where()}")
        tiles = len(batch.targets)
        self.losses.note(terms, self.global_step + 1, self._rate())
        self._pace.count(tiles * self.trainer.world_size)
        return terms.total * share_of_step(self.trainer, index, tiles)

    def on_train_epoch_end(self) -> None:
        """Look at the weights before they are kept, so that what is kept can be resumed from.

        Raises:
            TrainingError: one of them is no number any more, as after a last step that went astray.
        """
        self._require_finite_weights()
        self._pace.stop()
        self.losses.gather(self._mean)

    def on_validation_epoch_start(self) -> None:
        """Start counting anew, all processes with the same network.

        Raises:
            TrainingError: a weight is no number any more.
        """
        self._require_finite_weights()
        self._pace.start_validating()
        self._counts = ThresholdCounts.none(self._thresholds, len(self.taxonomy))
        if self.trainer.world_size > 1:
            # Each process has its own statistics of batch normalisation.
            for buffer in self.network.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def validation_step(self, sample: Sample, index: int) -> None:
        """Count hits and misses of one validation tile; of several processes each has its own tiles."""
        if index % self.trainer.world_size != self.global_rank:
            return
        found = self._whole.detect(self.network, sample.pixels, min(self._thresholds))
        field = Field(sample.record.id, found, sample.points, sample.labelled).clipped()
        counts = count_at(self._thresholds, field, len(self.taxonomy), self.radius)
        self._counts = self._counts + counts

    def on_validation_epoch_end(self) -> None:
        """Choose the threshold, and note losses, scores and pace."""
        numbers = torch.from_numpy(self._counts.numbers).to(self.device)
        summed = self.trainer.strategy.reduce(numbers, reduce_op="sum")
        counts = ThresholdCounts.from_numbers(self._thresholds, summed.cpu().numpy())
        scores = scores_of(counts, self.taxonomy.names)
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
        self.log("validation_mean_f1", scores["validation_mean_f1"] or 0.0)

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
        """Return the learning rate of the step that is taken now, at its full height."""
        settings = self.recipe.training
        step = min(self.global_step, self._steps - 1)
        return settings.learning_rate * rate_factor(step, self._steps, settings.warmup_fraction)

    def _require_finite_weights(self) -> None:
        epoch = self.current_epoch + 1
        self._watch.ask(self.parameters(), lambda: f"a weight at the end of epoch {epoch}")
        self._watch.settle()

    def _place(self, index: int) -> Callable[[], str]:
        """Return how to say where in the training a batch is, since that is seldom wanted."""
        step, epoch = self.global_step + 1, self.current_epoch
        tiles: Any = self.trainer.datamodule  # type: ignore[attr-defined]  # Lightning sets it late

        def words() -> str:
            names = ", ".join(dict.fromkeys(tiles.names(epoch, index)))
            return f"step {step} of epoch {epoch + 1} (tiles of {names})"

        return words

    def _mean(self, values: Tensor) -> Tensor:
        """Return the mean of a tensor over all processes."""
        mean = self.trainer.strategy.reduce(values.to(self.device), reduce_op="mean")
        assert isinstance(mean, Tensor)
        return mean
