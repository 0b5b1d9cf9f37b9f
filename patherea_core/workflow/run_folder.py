"""The folder of one training: its recipe, history, curves, checkpoints and, at the end, the model."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from patherea_core.config import Recipe
from patherea_core.errors import InputError, OutputError
from patherea_core.files import write_whole

Row = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where the files of one training lie."""

    path: Path

    @property
    def recipe(self) -> Path:
        """The settings of the run, as JSON."""
        return self.path / "recipe.json"

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
    def model(self) -> Path:
        """The model bundle."""
        return self.path / "model.safetensors"

    def begin(self, recipe: Recipe, *, resume: bool) -> None:
        """Make the folder, or check that the run in it can be resumed.

        Raises:
            InputError: it holds a run and ``resume`` is false, or there is none to resume, or that
                one has another recipe.
            OutputError: the folder cannot be written.
        """
        if resume:
            self._require_same(recipe)
            return
        if self.recipe.exists():
            raise InputError(
                f"{self.path} already holds a run; continue it with --resume, or name another folder"
            )
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"the run folder {self.path} cannot be made: {error.strerror}"
            ) from error
        write_whole(self.recipe, recipe.model_dump_json(indent=2).encode())

    def write_history(self, history: Sequence[Row]) -> None:
        """Write ``metrics.csv`` and ``curves.png`` from one row per validation."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(history[0]))
        writer.writeheader()
        writer.writerows(history)
        write_whole(self.path / "metrics.csv", text.getvalue().encode())
        write_whole(self.path / "curves.png", _curves(history))

    def _require_same(self, recipe: Recipe) -> None:
        if not self.recipe.exists() or not self.last.exists():
            raise InputError(f"{self.path} holds no run to resume; start one without --resume")
        if Recipe.model_validate_json(self.recipe.read_bytes()) != recipe:
            raise InputError(
                f"the run in {self.path} was started with other settings (see recipe.json there);"
                " resume it with those, or name another folder"
            )


def _curves(history: Sequence[Row]) -> bytes:
    """Return a PNG of loss and validation F1 over the epochs."""
    figure = Figure(figsize=(9, 3.5), layout="constrained")
    loss_axes, score_axes = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    loss_axes.plot(epochs, [row["loss"] for row in history], color="#0072b2", marker=".")
    loss_axes.set(xlabel="epoch", ylabel="training loss", title="Loss")
    for name in history[0]:
        if name.endswith("f1"):
            label = name.removeprefix("validation_").removesuffix("_f1").replace("_", " ")
            values = [float("nan") if row[name] is None else row[name] for row in history]
            score_axes.plot(epochs, values, marker=".", label=label)
    score_axes.set(
        xlabel="epoch", ylabel="F1 on the validation fold", title="Validation", ylim=(0, 1)
    )
    score_axes.legend(loc="lower right")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()
