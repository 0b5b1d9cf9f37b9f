"""The slides and images that a person names on a command line: files, or folders of them."""

from collections.abc import Sequence
from pathlib import Path

from patherea_core.errors import InputError, SlideError
from plugin.slides import plain

#: Endings of files that are taken from a folder; a file named by itself may end otherwise.
SLIDE_SUFFIXES = plain.SUFFIXES | {
    ".tif",
    ".tiff",
    ".svs",
    ".ndpi",
    ".mrxs",
    ".scn",
    ".bif",
    ".vms",
    ".qptiff",
}


def slide_files(inputs: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files in the order given, those of a folder in order of their names.

    Raises:
        SlideError: an input is missing, or a folder holds no slide.
        InputError: two files have one name, so that results could not be told apart.
    """
    found: list[Path] = []
    for path in inputs:
        found.extend(_slides_of(path) if path.is_dir() else [path])
    names = [path.name for path in found]
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise InputError(f"two inputs are called {double[0]!r}; rename one, or run twice")
    return tuple(found)


def _slides_of(folder: Path) -> list[Path]:
    slides = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SLIDE_SUFFIXES
        and path.is_file()
        and not path.name.startswith(".")
    )
    if not slides:
        raise SlideError(f"folder {str(folder)!r} holds no slide or image")
    return slides
