"""All that a run goes on from, in one file: its states, its settings, and how it was asked for."""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from patherea_core.config import Settings
from patherea_core.errors import InputError
from patherea_core.files import replacing, writing
from patherea_core.workflow.run.places import RunPlaces

Asked = TypeVar("Asked", bound=Settings)


@dataclass(frozen=True, slots=True)
class RunParts:
    """What of a run lies in the file.

    Attributes:
        what: the run is, in a word: training, or pretraining.
        run: its folder.
        paths: of the parts below that folder, in the order they are written in; some may be missing.
    """

    what: str
    run: RunPlaces
    paths: tuple[Path, ...]

    @property
    def asked(self) -> str:
        """What the file calls how the run was asked for."""
        return f"{self.what}.json"

    def name(self, path: Path) -> str:
        """Return what the file calls a part."""
        return path.relative_to(self.run.path).as_posix()


def as_it_is(path: Path, _scratch: Path) -> Path:
    """Return a part that is packed as a whole."""
    return path


def pack_parts(
    parts: RunParts,
    asked: Settings,
    path: Path,
    as_needed: Callable[[Path, Path], Path] = as_it_is,
) -> None:
    """Write the file, while the run may go on.

    Args:
        parts: what is packed.
        asked: how the run was asked for.
        path: of the file.
        as_needed: returns what stands for a part, given that and an empty folder for it.

    Raises:
        OutputError: it cannot be written.
    """
    with (
        replacing(path) as partial,
        tempfile.TemporaryDirectory(dir=path.parent) as scratch,
        zipfile.ZipFile(partial, "w") as archive,
    ):
        archive.writestr(parts.asked, asked.model_dump_json(indent=2))
        for part in parts.paths:
            if part.exists():
                archive.write(as_needed(part, Path(scratch)), parts.name(part))


def unpack_parts(path: Path, parts: RunParts, kind: type[Asked]) -> Asked:
    """Make the folder of a run from the file, and return how the run was asked for.

    Args:
        path: of the file.
        parts: what is unpacked; all else in the file is left alone.
        kind: of how the run was asked for.

    Raises:
        InputError: the file is none of these, or broken.
        OutputError: the folder cannot be written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            asked = kind.model_validate_json(archive.read(parts.asked))
            names = set(archive.namelist())
            with writing(parts.run.path):
                parts.run.checkpoints.mkdir(parents=True)
                for part in parts.paths:
                    if (name := parts.name(part)) in names:
                        with archive.open(name) as source, part.open("wb") as target:
                            shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error, ValidationError) as error:
        raise InputError(
            f"{path.name} is no state that a {parts.what} can go on from, or a broken one, or one of another"
            " version of the program; choose the item of another run, or start anew"
        ) from error
    return asked
