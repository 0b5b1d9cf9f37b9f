"""The table of a study: a row for each slide, a column of figures for each who measured, read from CSV."""

import csv
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from patherea_core.data.finding import counted
from patherea_core.errors import InputError
from patherea_core.geometry import Floats

#: What the figures of a table are: of a hundred, or of one.
Unit: TypeAlias = Literal["percent", "share"]

#: What an empty cell may say.
_EMPTY = frozenset({"", "-", "–", "na", "n/a", "nan", "none"})


@dataclass(frozen=True, slots=True, eq=False)
class SlideTable:
    """Figures of S slides by several who measured.

    Attributes:
        source: the file, for messages.
        slides: name of each.
        patients: of each slide; the slides' names if there is no such column.
        by_patient: whether patients are known.
        columns: (S,) percent of each who measured, NaN where he did not.
    """

    source: Path
    slides: tuple[str, ...]
    patients: tuple[str, ...]
    by_patient: bool
    columns: dict[str, Floats]

    def column(self, name: str) -> Floats:
        """Return the figures of one column.

        Raises:
            InputError: there is none of that name.
        """
        if name not in self.columns:
            raise InputError(
                f"{self.source} has no column {name!r} of figures; it has {', '.join(self.columns)}"
            )
        return self.columns[name]


def read_table(
    path: Path,
    unit: Unit | None = None,
    *,
    slide: str = "slide",
    patient: str = "patient",
    ignore: Collection[str] = (),
) -> SlideTable:
    """Return the table in a CSV file; every column but those of slide and patient holds figures.

    Args:
        path: the file, with a line of titles; parted by commas, semicolons or tabs.
        unit: of all figures; None is percent, unless no figure is above 1, which may be either.
        slide: title of the column with the slides' names; they are numbered if there is none.
        patient: title of the column with the patients.
        ignore: titles of columns that hold something else.

    Raises:
        InputError: the file cannot be read, or a figure is none or lies outside of 0 to 100 %.
    """
    titles, rows = _rows(path)
    facts = {slide, patient, *ignore}
    names = [title for title in titles if title not in facts]
    if not names or not rows:
        lines, figures = (
            counted(len(rows), "slide", "slides"),
            counted(len(names), "column", "columns"),
        )
        raise InputError(
            f"{path} has {lines} and {figures} of figures; give a line for each slide and a column for"
            " each who measured"
        )
    columns = {
        name: np.array([_figure(path, number, name, row[name], unit) for number, row in rows])
        for name in names
    }
    if unit is None:
        _require_unit(path, columns)
    slides = tuple(row[slide].strip() if slide in titles else str(number) for number, row in rows)
    double = sorted({name for name in slides if slides.count(name) > 1})
    if double:
        raise InputError(f"{path} has slide {double[0]!r} twice; give each slide one row")
    known = patient in titles
    patients = tuple(row[patient].strip() for _, row in rows) if known else slides
    if not all(patients):
        raise InputError(f"{path} lacks the patient of a slide; give all, or leave the column out")
    return SlideTable(path, slides, patients, known, columns)


def _rows(path: Path) -> tuple[Sequence[str], list[tuple[int, dict[str, str]]]]:
    """Return the titles, and the rows with their numbers in the file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise InputError(f"the table {path} cannot be read ({error})") from error
    lines = text.splitlines()
    first = lines[0] if lines else ""
    parted = max(",;\t", key=first.count)
    cells = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=parted)]
    titles = cells[0] if cells else []
    if not titles or not all(titles) or len(set(titles)) < len(titles):
        raise InputError(f"{path} needs a first line of titles, each of them another")
    rows = []
    for number, row in enumerate(cells[1:], start=2):
        if any(row):
            if len(row) != len(titles):
                raise InputError(
                    f"row {number} of {path} has {len(row)} cells, but there are {len(titles)} titles"
                )
            rows.append((number, dict(zip(titles, row, strict=True))))
    return titles, rows


def _figure(path: Path, number: int, name: str, text: str, unit: Unit | None) -> float:
    """Return a figure in percent; NaN of an empty cell."""
    if text.lower() in _EMPTY:
        return math.nan
    try:
        value = float(text.removesuffix("%").strip().replace(",", "."))
    except ValueError:
        value = math.inf
    value *= 100 if unit == "share" else 1
    if not 0 <= value <= 100:
        raise InputError(
            f"row {number}, column {name!r} of {path} says {text!r}, which is no Ki-67 index in "
            f"{unit or 'percent'}; correct it, leave it empty, or name the column with --ignore"
        )
    return value


def _require_unit(path: Path, columns: dict[str, Floats]) -> None:
    """Refuse figures that are all up to 1, unless it was said what they are."""
    known = np.concatenate([values[np.isfinite(values)] for values in columns.values()])
    if len(known) and known.max() <= 1:
        raise InputError(
            f"no figure in {path} is above 1, so they may be shares of 1; say --unit share or "
            "--unit percent"
        )
