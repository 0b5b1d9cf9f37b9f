"""Find models by name: those that come with the program, and those in a folder of the user's own."""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from patherea_core.bundle_file import WEIGHTS_FILE
from patherea_core.errors import InputError

log = logging.getLogger(__name__)

#: What detects where no model is named.
DEFAULT_MODEL = "he-breast-mobilenetv2"

#: Environment variable with the folder of the user's own models.
FOLDER_VARIABLE = "PATHEREA_MODELS"

#: Where the models lie that come with the program.
SHIPPED = Path(str(resources.files("plugin.models")))

#: Ending of a bundle in one file.
SUFFIX = ".safetensors"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be called by name.

    Attributes:
        name: of its file or folder, without the ending.
        path: the bundle, file or folder.
        shipped: whether it comes with the program.
    """

    name: str
    path: Path
    shipped: bool

    @property
    def size(self) -> int:
        """Bytes of the weights with their card."""
        return (self.path / WEIGHTS_FILE if self.path.is_dir() else self.path).stat().st_size


def known_models() -> tuple[KnownModel, ...]:
    """Return all models that can be called by name, those that come with the program first.

    Raises:
        InputError: the folder of the user's own models is none.
    """
    found = [KnownModel(_name(path), path, shipped=True) for path in _bundles(SHIPPED)]
    if own := _own_folder():
        found += [KnownModel(_name(path), path, shipped=False) for path in _bundles(own)]
    return tuple(found)


def find_model(wanted: str | None) -> Path:
    """Return the bundle of a name or path; None takes the one that comes with the program.

    Raises:
        InputError: there is none, or the name stands for two.
    """
    if not wanted:
        return _default()
    known = known_models()
    called = [model.path for model in known if model.name == wanted]
    if len(called) > 1:
        raise InputError(
            f"two models are called {wanted!r}: {called[0]} and {called[1]}; rename yours, or give its path"
        )
    if called:
        return called[0]
    path = Path(wanted)
    if not path.exists():
        names = ", ".join(model.name for model in known)
        raise InputError(
            f"there is no model {wanted!r}; give the path of a model bundle"
            + (f", or one of these names: {names}" if names else "")
        )
    return path


def word_for(path: Path) -> str:
    """Return what a command calls a model on any machine: its name if it ships, else its file's name."""
    return _name(path) if path.parent == SHIPPED else path.name


def _default() -> Path:
    for model in known_models():
        if model.shipped and model.name == DEFAULT_MODEL:
            log.info("no model is named: taking %s, which comes with Patherea", DEFAULT_MODEL)
            return model.path
    raise InputError("no model comes with this version; train one and name it")


def _own_folder() -> Path | None:
    text = os.environ.get(FOLDER_VARIABLE, "").strip()
    if not text:
        return None
    if not Path(text).is_dir():
        raise InputError(
            f"{FOLDER_VARIABLE} names {text!r}, which is no folder; make it, or unset the variable"
        )
    return Path(text)


def _bundles(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix == SUFFIX or (path / WEIGHTS_FILE).is_file():
            yield path


def _name(path: Path) -> str:
    return path.name.removesuffix(SUFFIX)
