"""How Lightning drives a training: reports, requests to stop, kept states, and silence otherwise."""

import logging
import math
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint

from patherea_core.config import Recipe, TrainingConfig
from patherea_core.errors import Cancelled
from patherea_core.progress import Progress
from patherea_core.workflow.kept_state import WholeStates
from patherea_core.workflow.learner import Learner
from patherea_core.workflow.run_folder import RunFolder
from patherea_core.workflow.tiles import Tiles


def trainer_for(
    recipe: Recipe, folder: RunFolder, device: torch.device, progress: Progress
) -> lightning.Trainer:
    """Return a trainer that keeps its states in the run folder and tells the progress how far it is."""
    settings = recipe.training
    callbacks: list[Callback] = [_CallersSignals(), _Report(progress, folder)]
    if settings.ema_decay:
        callbacks.append(EMAWeightAveraging(decay=settings.ema_decay))
    callbacks += [
        ModelCheckpoint(
            folder.checkpoints,
            filename="best",
            monitor="validation_mean_f1",
            mode="max",
            enable_version_counter=False,
        ),
        ModelCheckpoint(
            folder.checkpoints,
            filename="last",
            save_on_train_epoch_end=True,
            enable_version_counter=False,
        ),
    ]
    with _quiet_lightning():
        return _trainer(settings, folder, device, callbacks)


def _trainer(
    settings: TrainingConfig, folder: RunFolder, device: torch.device, callbacks: list[Callback]
) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator="gpu" if device.type == "cuda" else "cpu",
        devices=1,
        max_epochs=settings.epochs,
        precision=settings.precision,
        gradient_clip_val=settings.gradient_clip or None,
        check_val_every_n_epoch=max(1, math.ceil(settings.epochs / settings.validations)),
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        callbacks=callbacks,
        plugins=[WholeStates()],
        default_root_dir=folder.path,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )


def train(trainer: lightning.Trainer, learner: Learner, tiles: Tiles, state: Path | None) -> None:
    """Train to the last epoch, from a kept state on if there is one.

    Raises:
        Cancelled: somebody asked to stop.
        TrainingError: the loss or a weight is no number any more.
    """
    try:
        with _quiet_lightning():
            trainer.fit(learner, datamodule=tiles, ckpt_path=state, weights_only=True)
    except SystemExit as leaving:
        # Lightning answers SIGTERM and Ctrl-C by leaving the program, without a word.
        raise Cancelled("stopped on request") from leaving


class _CallersSignals(Callback):
    """Leave the answer to SIGTERM to whoever called.

    Lightning puts a handler of its own before the caller's and then leaves the program between two
    steps, before the progress has been asked whether to stop.
    """

    def __init__(self) -> None:
        self._handler: Any = None

    def on_fit_start(self, *_: object) -> None:
        """Remember the caller's handler; Lightning sets its own after this."""
        self._handler = signal.getsignal(signal.SIGTERM)

    def on_train_start(self, *_: object) -> None:
        """Set the caller's handler again; only the main thread may, and only there has it changed."""
        if self._handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._handler)


class _Report(Callback):
    """Tell the progress after every step and validation tile; write the history after every validation.

    A request to stop passes through as Cancelled.
    """

    def __init__(self, progress: Progress, folder: RunFolder) -> None:
        self.progress = progress
        self.folder = folder

    def on_train_batch_end(self, trainer: lightning.Trainer, learner: Any, *_: object) -> None:  # noqa: ANN401
        """Say how far the training is."""
        message = f"loss {learner.recent_loss:.3f}"
        if learner.history:
            score = learner.history[-1]["validation_mean_f1"] or 0.0
            message += f", validation F1 {score:.3f}"
        self._tell(trainer, message)

    def on_validation_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Say that the training is being validated."""
        self._tell(trainer, "validating")

    def on_validation_end(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Write ``metrics.csv`` and ``curves.png``."""
        if not trainer.sanity_checking:
            self.folder.write_history(learner.history)

    def _tell(self, trainer: lightning.Trainer, message: str) -> None:
        total = int(trainer.estimated_stepping_batches)
        epoch = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        self.progress.advance(min(1.0, trainer.global_step / total), f"{epoch}, {message}")


@contextmanager
def _quiet_lightning() -> Iterator[None]:
    """Keep Lightning's hints about workers, hardware and its other products out of the log."""
    loggers = [logging.getLogger(name) for name in ("lightning", "lightning.pytorch")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", module=r"torch\.optim\.lr_scheduler")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
