"""The exponentially averaged weights that are validated and kept instead of the last ones."""

from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn


class AveragedWeights(Callback):
    """Averages the weights after every step, and lends them to the network while it is validated.

    The statistics of batch normalisation are averaged likewise, since they belong to the weights; whole
    numbers are copied. What does not change, as frozen weights, stays the same to the last bit. Nothing
    waits for the device.

    A kept state holds the average as ``state_dict`` and the weights themselves as ``current_model_state``.

    Args:
        decay: share of the average that stays at each step; the first average is the weights themselves.
    """

    def __init__(self, decay: float) -> None:
        self._average_of: Any = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self._average: dict[str, Tensor] = {}
        self._last_step = 0

    def on_train_start(
        self, _trainer: lightning.Trainer, learner: lightning.LightningModule
    ) -> None:
        """Bring the average to where the weights are."""
        own = learner.state_dict()
        started = self._average or own
        self._average = {
            name: started[name].detach().clone().to(tensor.device) for name, tensor in own.items()
        }

    @torch.no_grad()
    def on_train_batch_end(
        self, trainer: lightning.Trainer, learner: lightning.LightningModule, *_: object
    ) -> None:
        """Take part of the weights into the average, if the batch ended a step."""
        if trainer.global_step == self._last_step:
            return
        if self._last_step == 0:
            self._copy(learner)
        else:
            self._update(learner)
        self._last_step = trainer.global_step

    def on_validation_epoch_start(self, *given: Any) -> None:  # noqa: ANN401
        """Lend the average to the network."""
        self._exchange(given[1])

    def on_validation_epoch_end(self, *given: Any) -> None:  # noqa: ANN401
        """Take it back."""
        self._exchange(given[1])

    def on_save_checkpoint(
        self,
        _trainer: lightning.Trainer,
        _learner: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        """Keep the average in the first place, and the weights to go on with beside it."""
        checkpoint["current_model_state"] = checkpoint["state_dict"]
        checkpoint["state_dict"] = dict(self._average)

    def on_load_checkpoint(
        self,
        _trainer: lightning.Trainer,
        learner: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        """Take up the average of the run that is resumed, and the weights themselves."""
        self._average = checkpoint["state_dict"]
        learner.load_state_dict(checkpoint["current_model_state"])

    def state_dict(self) -> dict[str, Any]:
        """Return what else is to be remembered."""
        return {"last_step": self._last_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what was remembered."""
        self._last_step = state_dict["last_step"]

    def _copy(self, learner: lightning.LightningModule) -> None:
        for name, tensor in learner.state_dict().items():
            self._average[name].copy_(tensor)

    def _update(self, learner: lightning.LightningModule) -> None:
        alike: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
        for name, tensor in learner.state_dict().items():
            averages, weights = alike.setdefault(tensor.dtype, ([], []))
            averages.append(self._average[name])
            weights.append(tensor)
        for kind, (averages, weights) in alike.items():
            if kind.is_floating_point:
                self._average_of(averages, weights, 0)
                continue
            for average, weight in zip(averages, weights, strict=True):
                average.copy_(weight)

    def _exchange(self, learner: lightning.LightningModule) -> None:
        for name, tensor in learner.state_dict().items():
            own = tensor.detach().clone()
            tensor.copy_(self._average[name])
            self._average[name].copy_(own)
