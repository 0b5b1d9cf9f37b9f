"""All that a pretraining goes on from, in one file: its last state, its settings, and what it looks at."""

import shutil
import zipfile
import zlib
from pathlib import Path

from pydantic import ValidationError

from patherea_core.config import Count, Positive, Settings
from patherea_core.errors import InputError
from patherea_core.files import replacing, writing
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder

#: What the file calls how the pretraining was asked for.
_ASKED = "pretraining.json"


class AskedPretraining(Settings):
    """How a pretraining was asked for, as far as it has to be asked for in the same way to go on."""

    config: PretrainingConfig
    """All its settings."""
    folder_id: str
    """The folder of the archive that its slides lie in."""
    slide_ids: tuple[str, ...]
    """The slides that were there when it began."""
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
    with replacing(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(_ASKED, asked.model_dump_json(indent=2))
        for part in _parts(run):
            if part.exists():
                archive.write(part, part.relative_to(run.path))


def unpack_checkpoint(path: Path, run: PretrainingFolder) -> AskedPretraining:
    """Make the folder of a run from the file, and return how the pretraining was asked for.

    Raises:
        InputError: the file is none of these, or broken.
        OutputError: the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            asked = AskedPretraining.model_validate_json(archive.read(_ASKED))
            names = set(archive.namelist())
            with writing(run.path):
                run.checkpoints.mkdir(parents=True)
                for part in _parts(run):
                    if (name := part.relative_to(run.path).as_posix()) in names:
                        with archive.open(name) as source, part.open("wb") as target:
                            shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error, ValidationError) as error:
        raise InputError(
            f"{path.name} is no state that a pretraining can go on from, or a broken one, or one of another"
            " version of the program; choose the item of another run, or start anew"
        ) from error
    return asked


def _parts(run: PretrainingFolder) -> tuple[Path, ...]:
    """Return the files of a run folder that a pretraining goes on from."""
    return (run.last, run.settings, run.identity, run.metrics, run.losses, run.curves)
