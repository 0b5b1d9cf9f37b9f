"""The network in training, as Lightning drives it: steps, schedule and validation."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor

from patherea_core.batch import Batch, Proposals
from patherea_core.config import Recipe
from patherea_core.data.store import Sample
from patherea_core.decoding import decode
from patherea_core.errors import TrainingError
from patherea_core.evaluation.scores import ClassCounts, count_classes, mean_f1
from patherea_core.geometry import Pixels
from patherea_core.model.network import P2PNetwork
from patherea_core.objective.hybrid import hybrid_loss
from patherea_core.points import Detections
from patherea_core.regions import inside
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.schedule import optimizer_for, schedule_for

#: Score thresholds among which the best on the validation fold is found.
THRESHOLDS = tuple(round(0.1 + 0.05 * step, 2) for step in range(18))


class Learner(lightning.LightningModule):
    """Train a P2P network by its hybrid loss, and score it on whole validation tiles.

    Attributes:
        history: one row per validation: epoch, mean training loss since the last, threshold, scores.
    """

    def __init__(self, recipe: Recipe, taxonomy: Taxonomy, radius: float) -> None:
        """Take the radius of validation in working pixels."""
        super().__init__()
        self.recipe = recipe
        self.taxonomy = taxonomy
        self.radius = radius
        self.network = P2PNetwork(recipe.network, len(taxonomy))
        self.history: list[dict[str, float | None]] = []
        self._losses: list[float] = []
        self._counts: dict[float, ClassCounts] = {}

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        """Return the hybrid loss of a batch.

        Raises:
            TrainingError: the loss is no finite number, or what the network proposes is none.
        """
        step = f"step {self.global_step + 1}"
        proposals = self.network(batch.images)
        # Asked first, since what is no number cannot be assigned.
        self._require_finite(_numbers(proposals), f"what the network proposes in {step}")
        terms = hybrid_loss(proposals, batch, self.recipe.assignment, self.recipe.loss)
        self._require_finite([terms.total], f"the loss in {step}")
        self._losses.append(float(terms.total.detach()))
        return terms.total

    def on_train_epoch_end(self) -> None:
        """Look at the weights before they are kept, so that what is kept can be resumed from.

        Raises:
            TrainingError: one of them is no number any more, as after a last step that went astray.
        """
        self._require_finite(self.parameters(), "a weight at the end")

    @property
    def recent_loss(self) -> float:
        """Mean loss of the steps since the last validation; NaN before the first."""
        return float(np.mean(self._losses)) if self._losses else math.nan

    def configure_optimizers(self) -> Any:  # noqa: ANN401  Lightning's own loose type
        """Return AdamW with a linear warm-up and then a cosine, stepped at every step (section 6.1)."""
        settings = self.recipe.training
        optimizer = optimizer_for(self.network, settings)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = schedule_for(optimizer, settings, steps)
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

    def on_validation_epoch_start(self) -> None:
        """Start counting anew."""
        self._counts = {}

    def validation_step(self, sample: Sample, _index: int) -> None:
        """Count hits and misses of one validation tile, at every threshold."""
        found = self._detect(sample.pixels)
        found = found.take(inside(sample.labelled, found.xy))
        for threshold in THRESHOLDS:
            kept = found.take(found.score >= threshold)
            counts = count_classes(kept, sample.points, len(self.taxonomy), self.radius)
            before = self._counts.get(threshold)
            self._counts[threshold] = counts if before is None else before + counts

    def on_validation_epoch_end(self) -> None:
        """Choose the threshold, and note the scores."""
        threshold = self.recipe.decoding.score_threshold
        if threshold is None:
            threshold = max(
                THRESHOLDS, key=lambda item: mean_f1(self._counts[item].per_class) or 0.0
            )
        counts = self._counts[min(THRESHOLDS, key=lambda item: abs(item - threshold))]
        score = mean_f1(counts.per_class)
        row: dict[str, float | None] = {
            "epoch": self.current_epoch + 1,
            "loss": self.recent_loss,
            "threshold": threshold,
            "validation_mean_f1": score,
            "validation_any_class_f1": counts.any_class.f1,
        }
        for name, of_class in zip(self.taxonomy.names, counts.per_class, strict=True):
            row[f"validation_{name}_f1"] = of_class.f1
        self.history.append(row)
        self._losses = []
        self.log("validation_mean_f1", 0.0 if score is None else score)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history with the weights, so that a resumed run goes on with it."""
        checkpoint["history"] = self.history
        checkpoint["losses"] = self._losses

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take up the history of the run that is resumed."""
        self.history = checkpoint["history"]
        self._losses = checkpoint["losses"]

    def _require_finite(self, tensors: Iterable[Tensor], what: str) -> None:
        if not torch.stack([torch.isfinite(tensor).all() for tensor in tensors]).all():
            raise TrainingError(
                f"{what} of epoch {self.current_epoch + 1} is no finite number; the epochs before are"
                " kept, but this one would end the same way again: take a recipe with a lower learning"
                " rate or a limit to the gradient"
            )

    def _detect(self, pixels: Pixels) -> Detections:
        """Return all that scores at least the lowest threshold in an (H, W, 3) tile, in its pixels."""
        padded = padded_to(pixels, self.network.largest_stride)
        image = torch.from_numpy(padded).permute(2, 0, 1)[None].to(self.device)
        return decode(self.network(image), 0, score_threshold=THRESHOLDS[0])


def _numbers(proposals: Proposals) -> list[Tensor]:
    """Return all that the network says of its proposals."""
    branches = [proposals.one_to_one, proposals.one_to_many]
    return [part for one in branches if one is not None for part in (one.xy, one.logits)]


def padded_to(pixels: Pixels, multiple: int) -> Pixels:
    """Return (H, W, 3) pixels with white added on the right and below, to multiples of a length."""
    height, width = pixels.shape[:2]
    missing = ((0, -height % multiple), (0, -width % multiple), (0, 0))
    return np.pad(pixels, missing, constant_values=255)


def best_row(history: Sequence[dict[str, float | None]]) -> dict[str, float | None]:
    """Return the row with the highest mean F1; the first of equals."""
    return max(history, key=lambda row: row["validation_mean_f1"] or 0.0)
