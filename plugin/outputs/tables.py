"""Cells as tables: CSV for people and spreadsheets, Parquet for programs.

The columns are image, x, y, class and score; positions are base pixels.
"""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from patherea_core.errors import InputError
from patherea_core.files import replacing, write_whole
from plugin.outputs.cell_tables import CellTable, as_numbers
from plugin.outputs.results import Results

COLUMNS = ("image", "x", "y", "class", "score")


def write_csv(path: Path, results: Results) -> None:
    """Write all cells, positions to a hundredth of a pixel."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    names = results.taxonomy.names
    for cells in results.slides:
        found = cells.detections
        writer.writerows(
            (cells.slide, f"{x:.2f}", f"{y:.2f}", names[class_row], f"{score:.4f}")
            for (x, y), class_row, score in zip(
                found.xy, found.class_index, found.score, strict=True
            )
        )
    write_whole(path, text.getvalue().encode())


def write_parquet(path: Path, results: Results) -> None:
    """Write all cells, exactly as they were found."""
    names = np.array(results.taxonomy.names, dtype=object)
    found = [cells.detections for cells in results.slides]
    images = [cells.slide for cells in results.slides for _ in range(len(cells.detections))]
    table = pa.table(
        {
            "image": pa.array(images, pa.string()),
            "x": pa.array(np.concatenate([part.xy[:, 0] for part in found])),
            "y": pa.array(np.concatenate([part.xy[:, 1] for part in found])),
            "class": pa.array(
                np.concatenate([names[part.class_index] for part in found]), pa.string()
            ),
            "score": pa.array(np.concatenate([part.score for part in found])),
        }
    )
    with replacing(path) as temporary:
        pq.write_table(table, temporary)


def read_csv(path: Path) -> CellTable:
    """Return the cells of a CSV file; the column score may be missing.

    Raises:
        InputError: it cannot be read, a column is missing, or a value is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table: {error}") from error
    return _table(
        path, {column: [row[column] or "" for row in rows] for column in columns if column}
    )


def read_parquet(path: Path) -> CellTable:
    """Return the cells of a Parquet file; the column score may be missing.

    Raises:
        InputError: it cannot be read, a column is missing, or a value is no number.
    """
    try:
        columns = pq.read_table(path).to_pydict()
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path} cannot be read as a Parquet table: {error}") from error
    return _table(
        path, {name: [str(value) for value in values] for name, values in columns.items()}
    )


def _table(path: Path, columns: dict[str, list[str]]) -> CellTable:
    missing = [name for name in COLUMNS[:4] if name not in columns]
    if missing:
        raise InputError(f"{path} has no column {missing[0]!r}; it needs image, x, y and class")
    count = len(columns["image"])
    score = columns.get("score", ["1"] * count)
    x, y = (as_numbers(columns[name], name, path) for name in ("x", "y"))
    return CellTable(
        source=path,
        images=tuple(columns["image"]),
        xy=np.column_stack([x, y]),
        class_names=tuple(columns["class"]),
        score=as_numbers(score, "score", path),
    )
