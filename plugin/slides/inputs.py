"""The slides and images that a person names on a command line: files, folders of them, or lists of either."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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

#: Endings of lists: a path on each line, or a table.
LIST_SUFFIXES = frozenset({".txt", ".csv"})

#: Columns of a table of slides.
_SLIDE, _MPP = "slide", "mpp"


@dataclass(frozen=True, slots=True)
class ListedSlide:
    """A slide that somebody named.

    Attributes:
        path: of its file.
        mpp: micrometres per base pixel, where a list says so.
    """

    path: Path
    mpp: float | None = None


def slide_files(inputs: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files in the order given; see ``listed_slides``."""
    return tuple(slide.path for slide in listed_slides(inputs))


def listed_slides(inputs: Sequence[Path]) -> tuple[ListedSlide, ...]:
    """Return the slides in the order given, those of a folder in order of their names.

    A list is a ``.txt`` file with a path on each line, where empty lines and those that begin with # say
    nothing, or a ``.csv`` file with a column ``slide`` and perhaps one ``mpp``. Its paths count from its
    own folder, and may be folders too.

    Raises:
        SlideError: an input is missing, or a folder holds no slide.
        InputError: a list cannot be read or names no slide, or two files have one name, so that results
            could not be told apart.
    """
    found: list[ListedSlide] = []
    for path in inputs:
        listed = path.suffix.lower() in LIST_SUFFIXES and not path.is_dir()
        for named in _listed(path) if listed else (ListedSlide(path),):
            inside = _slides_of(named.path) if named.path.is_dir() else [named.path]
            found.extend(ListedSlide(each, named.mpp) for each in inside)
    _require_told_apart(found)
    return tuple(found)


def _require_told_apart(slides: Sequence[ListedSlide]) -> None:
    seen: set[str] = set()
    for slide in slides:
        name = slide.path.name
        if name in seen:
            raise InputError(f"two inputs are called {name!r}; rename one, or run twice")
        seen.add(name)


def _listed(path: Path) -> list[ListedSlide]:
    """Return what a list names."""
    try:
        # A spreadsheet puts a mark before the first letter.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"the list {path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the list {path} is no text in UTF-8; save it as such") from error
    rows = _table_rows(path, text) if path.suffix.lower() == ".csv" else _lines(text)
    found = [ListedSlide(path.parent / name, mpp) for name, mpp in rows]
    if not found:
        raise InputError(f"the list {path} names no slide; write one on each line")
    return found


def _lines(text: str) -> Iterator[tuple[str, None]]:
    for line in text.splitlines():
        name = line.strip()
        if name and not name.startswith("#"):
            yield name, None


def _table_rows(path: Path, text: str) -> Iterator[tuple[str, float | None]]:
    table = csv.DictReader(text.splitlines(), skipinitialspace=True)
    if _SLIDE not in (table.fieldnames or ()):
        raise InputError(f"the list {path} has no column {_SLIDE!r}; name it so in its first line")
    for row in table:
        name = (row[_SLIDE] or "").strip()
        if name and not name.startswith("#"):
            yield name, _mpp(path, table.line_num, row.get(_MPP))


def _mpp(path: Path, line: int, text: str | None) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        mpp = float(text)
    except ValueError:
        mpp = math.nan
    if not (math.isfinite(mpp) and mpp > 0):
        raise InputError(
            f"line {line} of the list {path}: {_MPP} must be a positive number of micrometres, not {text!r}"
        )
    return mpp


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
