"""The folder of one training: its settings, history, curves, kept states and, at the end, the model."""

import csv
import io
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from patherea_core.config import Recipe
from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole
from patherea_core.workflow.engine.losses import LossRow
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.run.curves import curves
from patherea_core.workflow.run.identity import RunIdentity, recipe_differences
from patherea_core.workflow.run.kept_state import read_state

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where the files of one training lie."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The settings of the run, as JSON."""
        return self.path / "recipe.json"

    @property
    def identity(self) -> Path:
        """What else determines the run (its dataset, fold and seed), as JSON."""
        return self.path / "run.json"

    @property
    def checkpoints(self) -> Path:
        """Lightning's checkpoints: ``last.ckpt`` to resume from, ``best.ckpt`` by validation."""
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        """The state after the last complete epoch."""
        return self.checkpoints / "last.ckpt"

    @property
    def best(self) -> Path:
        """The state that scored best on the validation fold."""
        return self.checkpoints / "best.ckpt"

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

    @property
    def model(self) -> Path:
        """The model bundle."""
        return self.path / "model.safetensors"

    def require_usable(self, recipe: Recipe, identity: RunIdentity, *, resume: bool) -> bool:
        """Return whether the run in the folder is to go on, rather than to start; nothing is written.

        A run that was stopped in its first epoch left nothing to go on from, and nothing to lose: it
        starts afresh, with ``resume`` or without.

        Raises:
            InputError: the folder holds a run and ``resume`` is false, or it holds none and ``resume`` is
                true, or the run has another recipe, dataset, fold or seed, or its state is broken.
        """
        if resume and not self.recipe.exists():
            raise InputError(
                f"{self.path} holds no run to go on with; name the folder of one, or leave --resume out"
            )
        if not self.last.exists() and not self.model.exists():
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
        self._require_same(recipe, identity)
        read_state(self.last)
        return True

    def begin(self, recipe: Recipe, identity: RunIdentity) -> None:
        """Make the folder of a run that starts.

        Raises:
            OutputError: the folder cannot be written.
        """
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            for leftover in (self.best, self.metrics, self.losses, self.curves):
                leftover.unlink(missing_ok=True)
            if self.tensorboard.exists():
                shutil.rmtree(self.tensorboard)
        except OSError as error:
            raise OutputError(
                f"the run folder {self.path} cannot be made: {error.strerror}"
            ) from error
        write_whole(self.recipe, recipe.model_dump_json(indent=2).encode())
        write_whole(self.identity, identity.model_dump_json(indent=2).encode())

    def how_far(self, epochs: int) -> str:
        """Return after which of its epochs a run ended, in words.

        Raises:
            InputError: its state is broken.
        """
        if not self.last.exists():
            return "before the end of its first epoch"
        return f"after epoch {read_state(self.last)['epoch'] + 1} of {epochs}"

    def write_history(self, history: Sequence[Row], losses: Sequence[LossRow]) -> None:
        """Write ``metrics.csv`` and ``losses.csv``.

        Args:
            history: one row per validation, at least one.
            losses: one row per stretch of steps.
        """
        write_whole(self.metrics, _table(history))
        if losses:
            write_whole(self.losses, _table(losses))

    def write_curves(self, history: Sequence[Row], losses: Sequence[LossRow]) -> None:
        """Write ``curves.png`` of the same."""
        write_whole(self.curves, curves(history, losses))

    def _require_same(self, recipe: Recipe, identity: RunIdentity) -> None:
        try:
            own_recipe = Recipe.model_validate_json(self.recipe.read_bytes())
            own_identity = RunIdentity.model_validate_json(self.identity.read_bytes())
        except (OSError, ValidationError) as error:
            raise InputError(
                f"the run in {self.path} does not say how it was started (recipe.json or run.json is"
                " missing, broken or of another version); name another folder"
            ) from error
        different = own_identity.differences(identity) + recipe_differences(own_recipe, recipe)
        if not different:
            return
        before, now = own_recipe.training.epochs, recipe.training.epochs
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


def _table(rows: Sequence[Mapping[str, float | None]]) -> bytes:
    """Return the rows of a CSV file, with the names of the first one as a header."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
