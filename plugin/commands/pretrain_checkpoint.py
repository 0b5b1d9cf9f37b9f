"""All that a pretraining goes on from, in one file: its last state, its settings, and what it looks at."""

from pathlib import Path

from patherea_core.config import Count, Positive, Settings
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.commands.run_checkpoint import RunParts, pack_parts, unpack_parts


class AskedPretraining(Settings):
    """How a pretraining was asked for, as far as it has to be asked for in the same way to go on."""

    config: PretrainingConfig
    """All its settings."""
    folder_id: str
    """The folder of the archive that its slides lie in."""
    slide_ids: tuple[str, ...]
    """The slides that were there when it began."""
    subfolders: bool = False
    """Whether those of the folders below it were taken, too; older files do not say."""
    slide_mpp: Positive | None = None
    """Micrometres per base pixel of slides that do not say."""
    fields: Count
    """Fields that are taken of each slide."""
    seed: int = 0
    """Root of all random choices."""
    initial_weights: str | None = None
    """Name of the file that the backbone started from."""


def pack_checkpoint(run: PretrainingFolder, asked: AskedPretraining, path: Path) -> None:
    """Write the file, while the pretraining may run on.

    Raises:
        OutputError: it cannot be written.
    """
    pack_parts(_parts(run), asked, path)


def unpack_checkpoint(path: Path, run: PretrainingFolder) -> AskedPretraining:
    """Make the folder of a run from the file, and return how the pretraining was asked for.

    Raises:
        InputError: the file is none of these, or broken.
        OutputError: the folder cannot be written.
    """
    return unpack_parts(path, _parts(run), AskedPretraining)


def _parts(run: PretrainingFolder) -> RunParts:
    """Return the files of a run folder that a pretraining goes on from."""
    paths = (run.last, run.settings, run.identity, run.metrics, run.losses, run.curves)
    return RunParts("pretraining", run, paths)
