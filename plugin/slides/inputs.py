"""The slides and images that a person names on a command line: files, folders of them, or lists of either."""

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

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
        named_by: what names it, in words; how a slide was named is no part of which it is.
    """

    path: Path
    mpp: float | None = None
    named_by: str = field(default="itself", compare=False)


def slide_files(inputs: Sequence[Path]) -> tuple[Path, ...]:
    """Return the files in the order given; see ``listed_slides``."""
    return tuple(slide.path for slide in listed_slides(inputs))


def listed_slides(inputs: Sequence[Path]) -> tuple[ListedSlide, ...]:
    """Return the slides in the order given, whose results are told apart by their names.

    Raises:
        SlideError: as ``named_slides``.
        InputError: as ``named_slides``, or two files have one name, or one is named twice.
    """
    found = tuple(named_slides(inputs))
    _require_told_apart(found)
    return found


def named_slides(inputs: Sequence[Path]) -> Iterator[ListedSlide]:
    """Yield the slides in the order given, those of a folder in order of their names.

    A list is a ``.txt`` file with a path on each line, where empty lines and those that begin with # say
    nothing, or a ``.csv`` file with a column ``slide`` and perhaps one ``mpp``, parted by commas, or by
    semicolons where numbers have a decimal comma. Its paths count from its own folder, and may be folders
    too.

    Raises:
        SlideError: an input is missing, or a folder holds no slide.
        InputError: a list cannot be read or names no slide.
    """
    for path in inputs:
        if path.is_dir():
            named = [ListedSlide(path, named_by=f"the folder {path}")]
        elif path.suffix.lower() in LIST_SUFFIXES:
            named = _listed(path)
        else:
            named = [ListedSlide(path)]
        for one in named:
            inside = _slides_of(one.path) if one.path.is_dir() else [one.path]
            yield from (replace(one, path=each) for each in inside)


def _require_told_apart(slides: Sequence[ListedSlide]) -> None:
    seen: dict[str, ListedSlide] = {}
    for slide in slides:
        first = seen.setdefault(slide.path.name, slide)
        if first is slide:
            continue
        if first.path.resolve() == slide.path.resolve():
            raise InputError(
                f"{slide.path} is named twice, by {first.named_by} and by {slide.named_by}; name it once"
            )
        raise InputError(
            f"two inputs are called {slide.path.name!r}, {first.path} and {slide.path}; rename one, or run"
            " twice"
        )


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
    found = [
        ListedSlide(path.parent / name, mpp, f"line {line} of the list {path}")
        for line, name, mpp in rows
    ]
    if not found:
        raise InputError(f"the list {path} names no slide; write one on each line")
    return found


def _lines(text: str) -> Iterator[tuple[int, str, None]]:
    for number, line in enumerate(text.splitlines(), start=1):
        name = line.strip()
        if name and not name.startswith("#"):
            yield number, name, None


def _table_rows(path: Path, text: str) -> Iterator[tuple[int, str, float | None]]:
    """Yield line, path and pixel size of each row."""
    lines = text.splitlines()
    separator = _separator(lines)
    decimal = "," if separator == ";" else "."
    table = csv.DictReader(lines, delimiter=separator, skipinitialspace=True)
    if _SLIDE not in (table.fieldnames or ()):
        raise InputError(f"the list {path} has no column {_SLIDE!r}; name it so in its first line")
    for row in table:
        name = (row[_SLIDE] or "").strip()
        if name and not name.startswith("#"):
            _require_no_more_columns(path, table.line_num, row)
            yield table.line_num, name, _mpp(path, table.line_num, row.get(_MPP), decimal)


def _require_no_more_columns(path: Path, line: int, row: Mapping[Any, Any]) -> None:
    """Refuse what a comma too many has parted: of 0,25 the first part would be taken for the pixel size."""
    # Under None the reader keeps what no column is there for; a spreadsheet may leave empty ones.
    if any(text.strip() for text in row.get(None, ())):
        raise InputError(
            f"line {line} of the list {path} has more columns than its first line; write numbers with a"
            " point, and put a name with a comma in quotes, or part all columns by semicolons"
        )


def _separator(lines: Sequence[str]) -> str:
    """Return what parts the columns: a semicolon where a spreadsheet writes numbers with a comma."""
    parted = csv.reader(lines[:1], delimiter=";", skipinitialspace=True)
    columns = next(parted, [])
    return ";" if _SLIDE in columns and len(columns) > 1 else ","


def _mpp(path: Path, line: int, text: str | None, decimal: str) -> float | None:
    if text is None or not text.strip():
        return None
    try:
        mpp = float(text.replace(decimal, "."))
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
