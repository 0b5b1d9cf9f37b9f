"""What happens at certain moments of a training, besides the training itself."""

import signal
import threading
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from patherea_core.seeding import Seed
from patherea_core.workflow.engine.validation import is_validated, out_of_patience


class CallersSignals(Callback):
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


class EpochsOwnChance(Callback):
    """Gives every epoch random numbers of its own, for what drops paths or values in the network.

    So an epoch does not depend on whether those before it were computed by the same process, nor on
    what else draws numbers, as the loading of tiles does.
    """

    def __init__(self, seed: Seed) -> None:
        self._seed = seed

    def on_train_batch_start(
        self,
        trainer: lightning.Trainer,
        _learner: lightning.LightningModule,
        _batch: object,
        index: int,
    ) -> None:
        """Begin the epoch's random numbers with its first batch, when all tiles are under way."""
        if index == 0:
            random = self._seed.stream("network", trainer.current_epoch, trainer.global_rank)
            torch.manual_seed(int(random.integers(2**63)))


class Patience(Callback):
    """Ends a training that has not become better for long enough."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_train_start(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """End at once what ended before it was resumed."""
        self.on_validation_end(trainer, learner)

    def on_validation_end(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Look at the scores so far; all processes see the same ones."""
        if out_of_patience(learner.history, self._patience):
            trainer.should_stop = True


class ValidationEpochs(Callback):
    """Validates so many times in a training, the last time at its end.

    Args:
        validations: how often.
    """

    def __init__(self, validations: int) -> None:
        self._validations = validations

    def on_train_epoch_start(self, trainer: lightning.Trainer, *_: object) -> None:
        """Tell Lightning, which knows regular intervals only, whether this epoch is validated."""
        epoch, epochs = trainer.current_epoch, trainer.max_epochs
        assert epochs is not None
        validated = is_validated(epoch, epochs, self._validations)
        trainer.check_val_every_n_epoch = 1 if validated else epoch + 2
