"""All that a pretraining goes on from: its last state, its settings, and what it looks at in the archive.

A job keeps all of it in one file of the archive; a run of a shell has the last of it in its folder.
"""

from pathlib import Path

from pydantic import ValidationError

from patherea_core.config import Count, Positive, Settings
from patherea_core.errors import InputError
from patherea_core.files import write_whole
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
    slide_names: tuple[str, ...] = ()
    """What they were called then, which tells them apart; older files do not say."""
    subfolders: bool = False
    """Whether those of the folders below it were taken, too; older files do not say."""
    slide_mpp: Positive | None = None
    """Micrometres per base pixel of slides that do not say."""
    fields: Count
    """Fields that are taken of each slide."""
    fields_wanted: Count | None = None
    """Fields that would have been taken, had there been room for them; older files do not say."""
    seed: int = 0
    """Root of all random choices."""
    initial_weights: str | None = None
    """Name of the file that the backbone started from."""


def asked_place(run: PretrainingFolder) -> Path:
    """Return where a run of a shell keeps how it was asked for."""
    return run.path / "asked.json"


def write_asked(run: PretrainingFolder, asked: AskedPretraining) -> None:
    """Keep in the folder of a run how it was asked for.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(asked_place(run), asked.model_dump_json(indent=2).encode())


def read_asked(run: PretrainingFolder) -> AskedPretraining | None:
    """Return how the run of a folder was asked for; None if the folder does not say.

    Raises:
        InputError: what it says cannot be read.
    """
    path = asked_place(run)
    try:
        return AskedPretraining.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise InputError(
            f"{path}, which says what the run looks at, is broken or of another version of the program; name"
            " another run folder"
        ) from error


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
