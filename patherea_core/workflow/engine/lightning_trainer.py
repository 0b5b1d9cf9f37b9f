"""How Lightning drives a training: on which devices, with what kept, and in silence otherwise."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.strategies import DDPStrategy

from patherea_core.config import Recipe
from patherea_core.errors import Cancelled
from patherea_core.model.depthwise import depthwise_in_32_bits
from patherea_core.model.shared_norm import share_norm
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.averaging import AveragedWeights
from patherea_core.workflow.engine.callbacks import (
    CallersSignals,
    EpochsOwnChance,
    Patience,
    ValidationEpochs,
)
from patherea_core.workflow.engine.ranks import OneMachine, Place
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import WholeStates


def trainer_for(
    recipe: Recipe,
    seed: Seed,
    folder: RunFolder,
    place: Place,
    reports: list[Callback],
    at_once: int,
) -> lightning.Trainer:
    """Return a trainer that keeps its states in the run folder.

    Args:
        recipe: all settings.
        seed: root of every random choice.
        folder: the folder of the run.
        place: where this process stands among those that train together.
        reports: what else is to be told of the training.
        at_once: tiles of a forward pass, a part of the batch that divides it evenly.
    """
    settings = recipe.training
    callbacks: list[Callback] = [
        CallersSignals(),
        EpochsOwnChance(seed),
        ValidationEpochs(settings.validations),
        Patience(settings.patience),
        *reports,
    ]
    if settings.ema_decay:
        callbacks.append(AveragedWeights(settings.ema_decay))
    callbacks += [
        ModelCheckpoint(
            folder.checkpoints,
            filename="best",
            monitor="validation_mean_f1",
            mode="max",
            enable_version_counter=False,
        ),
        keeping_the_last(folder.checkpoints),
    ]
    return quiet_trainer(
        Drive(
            epochs=settings.epochs,
            precision=settings.precision,
            passes=settings.accumulated_batches * (settings.batch_size // at_once),
            gradient_clip=settings.gradient_clip,
        ),
        folder.path,
        place,
        callbacks,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """How a network is driven through its training, whatever it learns.

    Attributes:
        epochs: of the whole training.
        precision: arithmetic of the network.
        passes: forward passes a step; their gradients are averaged.
        gradient_clip: largest norm of the gradient; 0 for no limit.
    """

    epochs: int
    precision: Literal["32-true", "bf16-mixed"]
    passes: int = 1
    gradient_clip: float = 0.0


def keeping_the_last(checkpoints: Path) -> ModelCheckpoint:
    """Return what keeps the state after each epoch as ``last.ckpt`` in a folder."""
    return ModelCheckpoint(
        checkpoints, filename="last", save_on_train_epoch_end=True, enable_version_counter=False
    )


def quiet_trainer(
    drive: Drive, folder: Path, place: Place, callbacks: list[Callback]
) -> lightning.Trainer:
    """Return a trainer that says nothing by itself and keeps its states whole.

    Args:
        drive: how far, and in what steps.
        folder: of the run.
        place: where this process stands among those that train together.
        callbacks: what happens besides.
    """
    gpu, alone = place.kind == "cuda", place.alone
    with _quiet_lightning():
        return lightning.Trainer(
            accelerator="gpu" if gpu else "cpu",
            devices=place.devices,
            strategy="auto" if alone else DDPStrategy(find_unused_parameters=True),
            max_epochs=drive.epochs,
            precision=drive.precision,
            accumulate_grad_batches=drive.passes,
            gradient_clip_val=drive.gradient_clip or None,
            num_sanity_val_steps=0,
            callbacks=callbacks,
            plugins=[WholeStates()] if alone else [WholeStates(), OneMachine(place)],
            default_root_dir=folder,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            use_distributed_sampler=False,
        )


def train(
    trainer: lightning.Trainer,
    learner: lightning.LightningModule,
    tiles: lightning.LightningDataModule,
    state: Path | None,
) -> None:
    """Train to the last epoch, from a kept state on if there is one.

    On several GPUs batch normalisation takes the statistics of all of them.

    Raises:
        Cancelled: somebody asked to stop.
        TrainingError: the loss or a weight is no number any more.
    """
    if trainer.world_size > 1 and trainer.strategy.root_device.type == "cuda":
        share_norm(learner)
    try:
        with (
            _quiet_lightning(),
            _deterministic(trainer.strategy.root_device),
            depthwise_in_32_bits(learner),
        ):
            trainer.fit(learner, datamodule=tiles, ckpt_path=state, weights_only=True)
    except SystemExit as leaving:
        # Lightning answers SIGTERM and Ctrl-C by leaving the program, without a word.
        raise Cancelled("stopped on request") from leaving


@contextmanager
def _deterministic(device: torch.device) -> Iterator[None]:
    """Have the processor compute the same numbers each time; a GPU would become slow."""
    before = torch.are_deterministic_algorithms_enabled()
    memory: Any = torch.utils.deterministic
    fills = memory.fill_uninitialized_memory
    torch.use_deterministic_algorithms(before or device.type == "cpu", warn_only=True)
    memory.fill_uninitialized_memory = before and fills  # costs time, and is for finding faults
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        memory.fill_uninitialized_memory = fills


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keep Lightning's hints about workers, hardware and its other products out of the log."""
    names = ("lightning", "lightning.fabric", "lightning.pytorch")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", module=r"torch\.optim\.lr_scheduler")
            # Between several processes; the strides are those of tensors of one row.
            warnings.filterwarnings("ignore", message="Grad strides do not match bucket view")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
