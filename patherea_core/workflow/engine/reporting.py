"""What a training says while it runs: to the progress, to the files of its folder, and to TensorBoard."""

import math
import time
from collections.abc import Callable
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback
from torch.utils.tensorboard.writer import SummaryWriter

from patherea_core.data.finding import counted
from patherea_core.errors import Cancelled
from patherea_core.progress import Progress, in_words
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.run.places import RunPlaces

#: Seconds between two looks at the loss, each of which waits for the device.
_LOOK = 1.0
#: Seconds between two pictures of the curves, each of which takes about one.
_REDRAW = 30.0
#: Seconds of a training before it is said how long it will take.
_UNSURE = 10.0
#: The most that is said to be done after the last step: its validation is due, and its score to be told.
_MOST = 0.999


class Report(Callback):
    """Tell the progress after every step and validation tile; write the history after every validation.

    A score is told with its epoch: while the steps of one are told, it is that of the epoch before.
    The curves are drawn now and then, and when the training ends, unless it was asked to. Such a
    request passes through as Cancelled. Of several processes, the first one reports.
    """

    def __init__(
        self, progress: Progress, folder: RunPlaces, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.progress = progress
        self.folder = folder
        self._clock = clock
        self._remaining = Remaining(clock)
        self._looked = -math.inf
        self._drawn = -math.inf
        self._undrawn = False
        self._message = ""

    def on_train_batch_end(self, trainer: lightning.Trainer, learner: Any, *_: object) -> None:  # noqa: ANN401
        """Say how far the training is."""
        if self._clock() - self._looked >= _LOOK:
            self._message = f"loss {learner.losses.recent()['loss']:.3f}"
            if learner.history:  # of an epoch before, which has to be said
                self._message += f", {self._last(learner)}"
            self._looked = self._clock()
        self._tell(trainer, self._message)

    def on_validation_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        """Say that the training is being validated."""
        self._tell(trainer, "validating")

    def on_validation_end(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Write the history, and look at the loss anew after it."""
        self._looked = -math.inf
        if not trainer.is_global_zero:
            return
        self.folder.write_history(learner.history, learner.losses.rows)
        self._undrawn = True
        if self._clock() - self._drawn >= _REDRAW:
            self._draw(learner)

    def on_train_end(self, _trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Draw what was not drawn yet, and say what the last epoch came to."""
        self._draw(learner)
        if learner.history:
            epochs = counted(int(learner.history[-1]["epoch"] or 0), "epoch", "epochs")
            self.progress.advance(1.0, f"{epochs}, {self._last(learner)}")

    def on_exception(self, *given: Any) -> None:  # noqa: ANN401
        """Draw what was not drawn yet, but for a request to stop: a container has seconds to obey it."""
        if not isinstance(given[2], Cancelled):
            self._draw(given[1])

    def scored(self, row: Row) -> tuple[str, float]:
        """Return the name and the value of what a validation found."""
        return "validation F1", row["validation_mean_f1"] or 0.0

    def _last(self, learner: Any) -> str:  # noqa: ANN401
        """Return what the last validation found, and of which epoch, in words."""
        row = learner.history[-1]
        name, value = self.scored(row)
        return f"{name} of epoch {int(row['epoch'] or 0)}: {value:.3f}"

    def _draw(self, learner: Any) -> None:  # noqa: ANN401
        if self._undrawn:
            self.folder.write_curves(learner.history, learner.losses.rows)
            self._drawn, self._undrawn = self._clock(), False

    def _tell(self, trainer: lightning.Trainer, message: str) -> None:
        fraction = min(1.0, trainer.global_step / int(trainer.estimated_stepping_batches))
        epoch = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        left = self._remaining.after(fraction)
        self.progress.advance(min(fraction, _MOST), ", ".join([epoch, message, *left]))


class Remaining:
    """How long a task will go on, by how long its part from here on took so far.

    Args:
        clock: seconds from any beginning.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first: tuple[float, float] | None = None

    def after(self, fraction: float) -> list[str]:
        """Return the time that is left, in words, once it can be told; else nothing."""
        now = self._clock()
        if self._first is None:
            self._first = now, fraction
        began, at_first = self._first
        if now - began < _UNSURE or fraction <= at_first or fraction >= 1:
            return []
        return [f"about {in_words((now - began) / (fraction - at_first) * (1 - fraction))} left"]


class TensorBoard(Callback):
    """Writes loss terms, learning rate and scores for TensorBoard, from the first process only."""

    def __init__(self, folder: RunPlaces) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None
        self._rows = 0
        self._scores = 0

    def on_train_start(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Go on where the kept state ends: what was written beyond it is not shown any more."""
        if not trainer.is_global_zero:
            return
        self._rows, self._scores = len(learner.losses.rows), len(learner.history)
        purged = trainer.global_step + 1 if trainer.global_step else None
        self._writer = SummaryWriter(str(self._folder.tensorboard), purge_step=purged)

    def on_train_epoch_end(self, _trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Write what the learner gathered until the epoch before, at the least."""
        self._write(learner)

    def on_validation_end(self, trainer: lightning.Trainer, learner: Any) -> None:  # noqa: ANN401
        """Write the scores by the step of the validation."""
        if self._writer is None:
            return
        for row in learner.history[self._scores :]:
            for name, value in row.items():
                if value is not None and name not in (
                    *learner.losses.terms,
                    "epoch",
                    "learning_rate",
                ):
                    self._writer.add_scalar(_tag(name), value, trainer.global_step)
        self._scores = len(learner.history)
        self._write(learner)

    def teardown(self, *_: object, **__: object) -> None:
        """Write what is left, and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def on_exception(self, *_: object) -> None:
        """Close the file when a training ends otherwise."""
        self.teardown()

    def _write(self, learner: Any) -> None:  # noqa: ANN401
        if self._writer is None:
            return
        for row in learner.losses.rows[self._rows :]:
            step = int(row["step"])
            self._writer.add_scalar(_tag("learning_rate"), row["learning_rate"], step)
            for name in learner.losses.terms:
                self._writer.add_scalar(f"training/{name}", row[name], step)
        self._rows = len(learner.losses.rows)


def _tag(name: str) -> str:
    """Return the name of a figure with its group, by which TensorBoard sorts."""
    scored = name.startswith("validation_")
    return f"validation/{name.removeprefix('validation_')}" if scored else f"run/{name}"
