"""What changes the weights, and how fast: AdamW in groups, a warm-up, and then a cosine (section 6.1)."""

import math
from typing import Any, Protocol

import lightning
import torch

from patherea_core.config import TrainingConfig
from patherea_core.model.detector_network import DetectorNetwork


class Scheduled(Protocol):
    """How fast weights change in a training; its settings say so."""

    @property
    def learning_rate(self) -> float:
        """The peak."""

    @property
    def warmup_fraction(self) -> float:
        """Share of all steps until it is reached."""


def optimizer_for(network: DetectorNetwork, settings: TrainingConfig) -> torch.optim.AdamW:
    """Return AdamW over what is to be trained, the backbone at its own multiple of the learning rate."""
    groups = [
        {"params": group["params"], "lr": settings.learning_rate * group["lr_factor"]}
        for group in network.parameter_groups(settings.backbone_rate_factor)
    ]
    return torch.optim.AdamW(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def schedule_for(
    optimizer: torch.optim.Optimizer, settings: Scheduled, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return the schedule of a training of so many steps, to be stepped after every one of them."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate_factor(step, steps, settings.warmup_fraction)
    )


def rate_factor(step: int, steps: int, warmup_fraction: float) -> float:
    """Return the learning rate of a step, counted from 0, as a share of the peak.

    It rises evenly to the peak at the end of the warm-up, and then falls as half a cosine towards zero.
    """
    warmup = max(1, round(warmup_fraction * steps))
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))


def share_of_step(trainer: lightning.Trainer, batch: int, tiles: int) -> float:
    """Return what to multiply the mean loss of a batch by, so that every tile of a step counts the same.

    Lightning divides the loss of each batch by how many make a step; but the last step of an epoch may
    have fewer, and the last batch fewer tiles. So it does not matter in how many parts memory allows a
    step to be taken.

    Args:
        trainer: in training.
        batch: its number in the epoch, from 0.
        tiles: of that batch.
    """
    together, batches = trainer.accumulate_grad_batches, trainer.num_training_batches
    if together == 1:
        return 1.0
    loader: Any = trainer.train_dataloader
    first = batch - batch % together
    start, end = first * loader.batch_size, (first + together) * loader.batch_size
    of_step: int = min(end, len(loader.sampler), int(batches) * loader.batch_size) - start
    return together * tiles / of_step
