"""A masked image model in training, as Lightning drives it: steps, schedule and held-out tiles."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from patherea_core.errors import PathereaError
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.losses import LOSS
from patherea_core.workflow.engine.recorded import RecordedModule
from patherea_core.workflow.engine.schedule import share_of_step
from patherea_core.workflow.pretraining.loading import Tiles
from patherea_core.workflow.pretraining.pictures import Shown

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


class Learner(RecordedModule):
    """Train a masked image model by its loss, and look at held-out tiles after every epoch.

    What is hidden of a tile is drawn by seed, epoch and row, and of a held-out tile by the seed and its
    number alone: not by who trains, nor how many tiles at once.

    Attributes:
        shown: the first held-out tiles, as the last epoch filled them in; in the first process only.
    """

    form = 1

    def __init__(self, config: PretrainingConfig, model: MaskedImageModel, seed: Seed) -> None:
        super().__init__(config, (LOSS,))
        self.config = config
        self.model = model
        self.shown = Shown()
        self._seed = seed
        self._held_out = (0.0, 0)
        self._first = 0

    def configure_optimizers(self) -> Any:  # noqa: ANN401  Lightning's own loose type
        """Return AdamW with a linear warm-up and then a cosine, stepped at every step."""
        groups = parameter_groups(self.model, self.config.weight_decay)
        return self.scheduled(torch.optim.AdamW(groups, lr=self.config.learning_rate, betas=_BETAS))

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

    def training_step(self, batch: Tiles, index: int) -> Tensor:
        """Return the loss of a batch, weighed by its part of the step.

        Raises:
            TrainingError: it is no finite number; on a GPU that is found out a step later.
        """
        count, side = len(batch.images), batch.images.shape[-1]
        hidden = self._hidden("mask", batch.rows.tolist(), side)
        loss: Tensor = self.model(self.model.normalised(batch.images), hidden).loss
        self._watch.ask([loss], self._place())
        self.losses.note(Loss(loss), self.global_step + 1, self._rate())
        self._pace.count(count * self.trainer.world_size)
        return loss * share_of_step(self.trainer, index, count)

    def on_validation_epoch_start(self) -> None:
        """Begin with the held-out tiles.

        Raises:
            TrainingError: a weight is no number any more.
        """
        super().on_validation_epoch_start()
        self._held_out, self._first = (0.0, 0), 0
        self.shown = Shown()

    def validation_step(self, tiles: Tensor, index: int) -> None:
        """Fill in held-out tiles; of several processes each has batches of its own."""
        first, self._first = self._first, self._first + len(tiles)
        if index % self.trainer.world_size != self.global_rank:
            return
        rows = ((number,) for number in range(first, self._first))
        hidden = self._hidden("held-out mask", rows, tiles.shape[-1])
        images = self.model.normalised(tiles)
        made = self.model(images, hidden)
        total, count = self._held_out
        self._held_out = total + float(made.loss) * len(tiles), count + len(tiles)
        if self.trainer.is_global_zero:
            self.shown.add(images, made.picture, hidden)

    def on_validation_epoch_end(self) -> None:
        """Note losses and pace."""
        summed = self._sum(torch.tensor(self._held_out, dtype=torch.float64))
        total, count = summed.tolist()
        self._note({"step": self.global_step, "held_out_loss": total / count})

    def _hidden(self, name: str, rows: Iterable[Sequence[int]], side: int) -> Tensor:
        """Return (B, R, R) bool, what is hidden of tiles of that side by a stream of that name."""
        drawn = [self.model.masks(1, side, self._seed.stream(name, *row)) for row in rows]
        return torch.cat(drawn).to(self.device)

    def _place(self) -> Callable[[], str]:
        step, epoch = self.global_step + 1, self.current_epoch + 1
        return lambda: f"the loss in step {step} of epoch {epoch}"


def parameter_groups(model: torch.nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Return what an optimiser trains: weights that decay, and biases and scales, which do not."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    decaying = [parameter for parameter in trained if parameter.ndim > 1]
    others = [parameter for parameter in trained if parameter.ndim <= 1]
    groups = ((decaying, weight_decay), (others, 0.0))
    return [
        {"params": parameters, "weight_decay": decay} for parameters, decay in groups if parameters
    ]
