"""Cells from tables: CSV and Parquet with the columns image, x, y and class, as this program writes them.

The columns score, patient and radius may be there too, in any order, and others are passed over.
Positions are base pixels. Columns stay columns, and names are coded as they are read, so that ten
million rows fit into memory.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from patherea_core.data.finding import counted
from patherea_core.errors import InputError
from patherea_core.geometry import Floats, Ints
from plugin.readers.cell_rows import broken, fault, limits
from plugin.readers.cell_table import CellTable, coded

NEEDED = ("image", "x", "y", "class")
_NUMBERS = ("x", "y", "score", "radius")
_NAMES = ("image", "class", "patient")
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_NO_UTF8 = "is no text in UTF-8, perhaps one in UTF-16; save it as UTF-8"
_CODED = pa.dictionary(pa.int32(), pa.string())


def read_csv(path: Path) -> CellTable:
    """Return the cells of a CSV file.

    Raises:
        InputError: it cannot be read, a column is missing, or a value is no such number; the message
            names line and column.
    """
    columns = _csv_columns(path)
    try:
        table = pa_csv.read_csv(
            path,
            parse_options=pa_csv.ParseOptions(newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                include_columns=list(columns.values()),
                column_types={
                    written: pa.float64() if name in _NUMBERS else _CODED
                    for name, written in columns.items()
                },
                null_values=[],
            ),
        ).rename_columns(list(columns))
    except pa.ArrowException as error:
        _refuse_line(path, str(error))
    if any(broken(name, _numbers(table, name)).any() for name in columns if name in _NUMBERS):
        _refuse_line(path, "a value is no number")
    return _cells(path, table)


def read_parquet(path: Path) -> CellTable:
    """Return the cells of a Parquet file.

    Raises:
        InputError: it cannot be read, a column is missing, or a value is no such number; the message
            names row and column.
    """
    try:
        present = _understood(path, pq.read_schema(path).names)
        table = pq.read_table(path, columns=present)
        for place, name in enumerate(present):
            kind = pa.float64() if name in _NUMBERS else pa.string()
            column = pc.cast(table.column(name), kind)
            if name in _NAMES:
                column = pc.fill_null(column, "").dictionary_encode()
            table = table.set_column(place, name, column)
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as a Parquet table: {error}") from error
    for name in present:
        if name in _NUMBERS:
            values = _numbers(table, name)
            refused = np.flatnonzero(broken(name, values))
            if len(refused):
                row = int(refused[0])
                raise InputError(f"row {row + 1} of {path} {fault(name, str(values[row]))}")
    return _cells(path, table)


def _csv_columns(path: Path) -> dict[str, str]:
    """Return how the columns that are understood are written, blanks included."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), None)
    except UnicodeDecodeError as error:
        raise InputError(f"{path} {_NO_UTF8}") from error
    except (OSError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    if header is None:
        raise InputError(f"{path} is empty; a table begins with the line {','.join(NEEDED)}")
    for sign, name in _SEPARATORS.items():
        if len(header) == 1 and sign in header[0]:
            raise InputError(
                f"the columns of {path} are separated by {name}; separate them by commas, and write decimals "
                "with a point"
            )
    names = [written.strip() for written in header]
    understood = _understood(path, names)
    return {name: header[names.index(name)] for name in understood}


def _understood(path: Path, header: Sequence[str]) -> list[str]:
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; it needs image, x, y and class")
    chosen = [name for name in header if name in (*_NAMES, *_NUMBERS)]
    double = [name for name in chosen if chosen.count(name) > 1]
    if double:
        raise InputError(f"{path} has two columns {double[0]!r}; leave one")
    return chosen


def _refuse_line(path: Path, reason: str) -> NoReturn:
    """Raise InputError that names the first line that cannot serve.

    Reads line by line: slow, but only where there is something to refuse.
    """
    try:
        for line, fault in _faults(path):
            raise InputError(f"line {line} of {path} {fault}")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} {_NO_UTF8}") from error
    except csv.Error as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    raise InputError(f"{path} cannot be read as a table: {reason}")


def _faults(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = [written.strip() for written in next(reader)]
        numbers = [
            (place, name, *limits(name)) for place, name in enumerate(header) if name in _NUMBERS
        ]
        for row in reader:
            if row and len(row) != len(header):
                values, columns = (
                    counted(len(row), "value", "values"),
                    counted(len(header), "column", "columns"),
                )
                yield reader.line_num, f"has {values} for {columns}"
            for place, name, least, greatest in numbers if row else ():
                if not least <= _number(row[place]) <= greatest:
                    yield reader.line_num, fault(name, row[place])


def _number(value: str) -> float:
    try:
        return math.nan if "_" in value else float(value)
    except ValueError:
        return math.nan


def _numbers(table: pa.Table, name: str) -> Floats:
    """Return a column as numbers; an absent value becomes NaN."""
    return np.asarray(table.column(name).to_numpy(), dtype=np.float64)


def _names(table: pa.Table, name: str) -> tuple[tuple[str, ...], Ints]:
    """Return the names of a coded column, in order of their first row, and which one each row is.

    Blanks around a name, which no reader sees, are none of it.
    """
    column = table.column(name).unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # older versions, or no chunk at all
        column = (
            column.chunk(0) if column.num_chunks else pa.array([], pa.string()).dictionary_encode()
        )
    names, rows = coded(str(value).strip() for value in column.dictionary.to_pylist())
    return names, rows[column.indices.to_numpy()]


def _cells(path: Path, table: pa.Table) -> CellTable:
    present = table.column_names
    image_names, image_index = _names(table, "image")
    class_names, class_index = _classes(path, table)
    patients = None
    if "patient" in present:
        patients = _patients(path, (image_names, image_index), _names(table, "patient"))
    return CellTable(
        source=path,
        image_names=image_names,
        image_index=image_index,
        class_names=class_names,
        class_index=class_index,
        xy=np.column_stack([_numbers(table, "x"), _numbers(table, "y")]),
        score=_numbers(table, "score") if "score" in present else None,
        patients=patients,
        radius=_numbers(table, "radius") if "radius" in present else None,
    )


def _classes(path: Path, table: pa.Table) -> tuple[tuple[str, ...], Ints]:
    names, index = _names(table, "class")
    if "" in names:
        row = int(np.flatnonzero(index == names.index(""))[0])
        raise InputError(f"cell {row + 1} of {path} has no class; name one")
    return names, index


def _patients(
    path: Path, images: tuple[tuple[str, ...], Ints], patients: tuple[tuple[str, ...], Ints]
) -> dict[str, str]:
    """Return the patient of each image; a row without one says nothing."""
    (image_names, image_index), (patient_names, patient_index) = images, patients
    found: dict[str, str] = {}
    pairs = np.unique(np.column_stack([image_index, patient_index]), axis=0)
    for image, patient in ((image_names[row], patient_names[place]) for row, place in pairs):
        if patient and found.setdefault(image, patient) != patient:
            raise InputError(
                f"image {image!r} is of patients {found[image]!r} and {patient!r} in {path}; "
                "an image has one patient"
            )
    return found
