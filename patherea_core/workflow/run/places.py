"""The files that every run has, whatever is trained: what it was asked, its states, figures and curves."""

import csv
import io
import logging
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole
from patherea_core.workflow.engine.losses import LossRow
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.run.kept_state import epochs_in, read_state

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunPlaces(ABC):
    """Where the files of one run lie."""

    path: Path

    @property
    def identity(self) -> Path:
        """What besides its settings determines the run (its data and seed), as JSON."""
        return self.path / "run.json"

    @property
    def checkpoints(self) -> Path:
        """Lightning's checkpoints."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        """The state after the last complete epoch."""
        return self.checkpoints / "last.ckpt"

    @property
    def metrics(self) -> Path:
        """The history of the run, one row per validation."""
        return self.path / "metrics.csv"

    @property
    def losses(self) -> Path:
        """The loss terms by step, each row the mean of a stretch of steps."""
        return self.path / "losses.csv"

    @property
    def tensorboard(self) -> Path:
        """The same figures for TensorBoard."""
        return self.path / "tensorboard"

    @property
    def curves(self) -> Path:
        """A picture of the history."""
        return self.path / "curves.png"

    def goes_on(self, settings: Path, result: Path, *, resume: bool) -> bool:
        """Return whether the run in the folder is to go on, rather than to start; nothing is written.

        A run that was stopped in its first epoch left nothing to go on from, and nothing to lose: it
        starts afresh, with ``resume`` or without.

        Args:
            settings: the file that every run has from its start.
            result: what a run leaves in the end.
            resume: whether a run is wanted that was there before.

        Raises:
            InputError: the folder holds a run and ``resume`` is false, or it holds none and ``resume`` is
                true, or its state is missing or broken.
        """
        if resume and not settings.exists():
            raise InputError(
                f"{self.path} holds no run to go on with; name the folder of one, or leave --resume out"
            )
        if not self.last.exists() and not result.exists():
            if resume:
                log.info("%s holds no complete epoch to go on from: starting afresh", self.path)
            return False
        if not resume:
            raise InputError(
                f"{self.path} already holds a run; continue it with --resume, or name another folder"
            )
        if not self.last.exists():
            raise InputError(
                f"{self.path} holds a model, but no state to go on from; name another folder"
            )
        read_state(self.last)
        return True

    def make(self, written: Mapping[Path, str], leftovers: Iterable[Path]) -> None:
        """Make the folder of a run that starts.

        Args:
            written: text of the files that it starts with.
            leftovers: files of a run before that are removed, besides those that every run has.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            for leftover in (self.metrics, self.losses, self.curves, *leftovers):
                leftover.unlink(missing_ok=True)
            if self.tensorboard.exists():
                shutil.rmtree(self.tensorboard)
        except OSError as error:
            raise OutputError(
                f"the run folder {self.path} cannot be made: {error.strerror}"
            ) from error
        for path, text in written.items():
            write_whole(path, text.encode())

    def require_none_different(self, different: Sequence[str], epochs: tuple[int, int]) -> None:
        """Refuse to go on with a run that was started otherwise.

        Args:
            different: what is, each as a phrase like "seed 3, not 4".
            epochs: for how many it was started, and for how many it is to go on.

        Raises:
            InputError: something is different.
        """
        if not different:
            return
        before, now = epochs
        if before != now and len(different) == 1:
            raise InputError(
                f"the run in {self.path} was started for {before} epochs and cannot become one of {now},"
                f" because its learning rate falls towards the last epoch; resume it with {before} epochs,"
                " or name another folder"
            )
        raise InputError(
            f"the run in {self.path} was started with {'; '.join(different)}: resume it with the same,"
            " or name another folder"
        )

    def how_far(self, epochs: int) -> str:
        """Return after which of its epochs a run ended, in words.

        Raises:
            InputError: its state is broken.
        """
        if not self.last.exists():
            return "before the end of its first epoch"
        return f"after epoch {epochs_in(self.last)} of {epochs}"

    def write_history(self, history: Sequence[Row], losses: Sequence[LossRow]) -> None:
        """Write ``metrics.csv`` and ``losses.csv``.

        Args:
            history: one row per validation, at least one.
            losses: one row per stretch of steps.
        """
        write_whole(self.metrics, _csv(history))
        if losses:
            write_whole(self.losses, _csv(losses))

    @abstractmethod
    def write_curves(self, history: Sequence[Row], losses: Sequence[LossRow]) -> None:
        """Write ``curves.png`` of the same."""


def _csv(rows: Sequence[Mapping[str, float | None]]) -> bytes:
    """Return the rows of a CSV file, with the names of the first one as a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
