"""The folder of one training: its settings, history, curves, kept states and, at the end, the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.files import write_whole
from patherea_core.workflow.engine.losses import LossRow
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.run.causes import training_differences
from patherea_core.workflow.run.curves import curves
from patherea_core.workflow.run.identity import RunIdentity
from patherea_core.workflow.run.places import RunPlaces


@dataclass(frozen=True, slots=True)
class RunFolder(RunPlaces):
    """Where the files of one training lie."""

    @property
    def recipe(self) -> Path:
        """The settings of the run, as JSON."""
        return self.path / "recipe.json"

    @property
    def best(self) -> Path:
        """The state that scored best on the validation fold."""
        return self.checkpoints / "best.ckpt"

    @property
    def model(self) -> Path:
        """The model bundle."""
        return self.path / "model.safetensors"

    def require_usable(self, recipe: Recipe, identity: RunIdentity, *, resume: bool) -> bool:
        """Return whether the run in the folder is to go on, rather than to start; nothing is written.

        Raises:
            InputError: as ``goes_on``, or the run has another recipe, dataset, fold or seed.
        """
        going_on = self.goes_on(self.recipe, self.model, resume=resume)
        if going_on:
            self._require_same(recipe, identity)
        return going_on

    def begin(self, recipe: Recipe, identity: RunIdentity) -> None:
        """Make the folder of a run that starts.

        Raises:
            OutputError: the folder cannot be written.
        """
        written = {
            self.recipe: recipe.model_dump_json(indent=2),
            self.identity: identity.model_dump_json(indent=2),
        }
        self.make(written, (self.best,))

    def write_curves(self, history: Sequence[Row], losses: Sequence[LossRow]) -> None:
        """Write ``curves.png`` of what ``write_history`` writes."""
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
        different = training_differences((own_recipe, own_identity), (recipe, identity))
        # Another recipe, for which there is a cause, may well have other epochs.
        alike = not any(one.startswith("training.epochs ") for one in different)
        asked = own_recipe if alike else recipe
        self.require_none_different(different, (own_recipe.training.epochs, asked.training.epochs))
