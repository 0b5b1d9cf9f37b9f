"""The network in training, as Lightning drives it: steps, schedule and validation."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from patherea_core.batch import Batch
from patherea_core.config import Recipe
from patherea_core.data.store import Sample
from patherea_core.evaluation.field import Field
from patherea_core.model.building import build_detector
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.engine.objectives import objective_of, terms_of
from patherea_core.workflow.engine.recorded import RecordedModule
from patherea_core.workflow.engine.schedule import optimizer_for, share_of_step
from patherea_core.workflow.engine.validation import (
    ThresholdCounts,
    best_row,
    count_at,
    scores_of,
    thresholds_for,
)
from patherea_core.workflow.engine.whole_tiles import WholeTiles

__all__ = ["Learner", "best_row"]


class Learner(RecordedModule):
    """Train a detector by the objective of its kind, and score it on whole validation tiles.

    Attributes:
        objective: what the network is to learn.
    """

    form = 2

    def __init__(self, recipe: Recipe, taxonomy: Taxonomy, mpp: float) -> None:
        """Take the micrometres per working pixel."""
        super().__init__(recipe.training, terms_of(recipe))
        self.recipe = recipe
        self.taxonomy = taxonomy
        self.radius = recipe.radius_um / mpp
        self.network = build_detector(recipe.network, len(taxonomy))
        self.objective = objective_of(recipe)
        self._whole = WholeTiles(recipe.decoding.least_distance_um / mpp)
        self._thresholds = thresholds_for(recipe.decoding.score_threshold)
        self._counts = ThresholdCounts.none(self._thresholds, len(taxonomy))

    def configure_optimizers(self) -> Any:  # noqa: ANN401  Lightning's own loose type
        """Return AdamW with a linear warm-up and then a cosine, stepped at every step (section 6.1)."""
        return self.scheduled(optimizer_for(self.network, self.recipe.training))

    def transfer_batch_to_device(
        self,
        batch: object,
        device: torch.device,
        dataloader_idx: int,  # noqa: ARG002  Lightning's signature
    ) -> object:
        """Move training batches; validation samples are moved tile by tile."""
        return batch.to(device) if isinstance(batch, Batch) else batch

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

    def on_validation_epoch_start(self) -> None:
        """Start counting anew.

        Raises:
            TrainingError: a weight is no number any more.
        """
        super().on_validation_epoch_start()
        self._counts = ThresholdCounts.none(self._thresholds, len(self.taxonomy))

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
        numbers = self._sum(torch.from_numpy(self._counts.numbers))
        counts = ThresholdCounts.from_numbers(self._thresholds, numbers.cpu().numpy())
        scores = scores_of(counts, self.taxonomy.names)
        self._note(scores)
        self.log("validation_mean_f1", scores["validation_mean_f1"] or 0.0)

    def _place(self, index: int) -> Callable[[], str]:
        """Return how to say where in the training a batch is, since that is seldom wanted."""
        step, epoch = self.global_step + 1, self.current_epoch
        tiles: Any = self.trainer.datamodule  # type: ignore[attr-defined]  # Lightning sets it late

        def words() -> str:
            names = ", ".join(dict.fromkeys(tiles.names(epoch, index)))
            return f"step {step} of epoch {epoch + 1} (tiles of {names})"

        return words
