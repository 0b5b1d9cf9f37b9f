"""All that a training goes on from, in one file: its states, its settings, and how it was asked for."""

from pathlib import Path

from patherea_core.bundle_card import CardWords
from patherea_core.config import Model, Settings
from patherea_core.workflow.run.folder import RunFolder
from patherea_core.workflow.run.kept_state import write_scored_part
from plugin.commands.foundation_choice import FoundationChoice
from plugin.commands.run_checkpoint import RunParts, pack_parts, unpack_parts


class AskedTraining(Settings):
    """How a training was asked for, as far as it has to be asked for in the same way to go on."""

    recipe: str | None = None
    """Name of the recipe."""
    model: Model | None = None
    """The kind of network; None for the recipe's."""
    foundation: FoundationChoice = FoundationChoice()
    """The foundation model that took the place of the recipe's backbone, and accepted licences."""
    backbone: str | None = None
    """What timm calls the backbone that took the place of the recipe's; None for the recipe's, or for the one
    that the backbone weights say they are of."""
    epochs: int | None = None
    """Passes over the dataset; None for the recipe's."""
    fold: int | str | None = None
    """What chooses the best state; None for what is named so."""
    seed: int = 0
    """Root of all random choices."""
    base_model: str | None = None
    """The model that it started from: its name if it comes with the program, else that of its file."""
    backbone_weights: str | None = None
    """Name of the file that the backbone started from."""
    dataset_file: str | None = None
    """Id of the dataset's file in the archive; None if it lies with the run."""
    dataset_name: str = "dataset.zip"
    """What the dataset is called."""
    words: CardWords = CardWords()
    """What the model's card says in words."""


def pack_checkpoint(run: RunFolder, asked: AskedTraining, path: Path) -> None:
    """Write the file, while the training may run on.

    Raises:
        OutputError: it cannot be written.
    """

    def as_needed(part: Path, scratch: Path) -> Path:
        # Of the best state no more is packed than a model is made of, since it is large.
        if part != run.best:
            return part
        place = scratch / part.name
        write_scored_part(part, place)
        return place

    pack_parts(_parts(run), asked, path, as_needed)


def unpack_checkpoint(path: Path, run: RunFolder) -> AskedTraining:
    """Make the folder of a run from the file, and return how the training was asked for.

    Raises:
        InputError: the file is none of these, or broken.
        OutputError: the folder cannot be written.
    """
    return unpack_parts(path, _parts(run), AskedTraining)


def _parts(run: RunFolder) -> RunParts:
    """Return the files of a run folder that a training goes on from.

    The last state comes before the best: written in this order while a training runs, the best one is as
    new as the last one at the least, and then nothing is missing.
    """
    paths = (run.last, run.best, run.recipe, run.identity, run.metrics, run.losses, run.curves)
    return RunParts("training", run, paths)
