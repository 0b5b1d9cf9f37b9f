"""Cells as tables: CSV for people and spreadsheets, Parquet for programs; base pixels.

The columns are image, x, y, class and score, and in Parquet also tile. Parquet says of itself where it
came from: its metadata has, under ``patherea``, what ``Results.record`` returns, as JSON. A table of
points for SpatialData has the columns x, y, class, score and tile of one slide, and its class is
categorical, as ``spatialdata.models.PointsModel`` wants it; that ``class`` is the feature is said in the
attributes that pandas reads with a table.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from patherea_core.cells import CellPart, gathered
from patherea_core.files import replacing
from patherea_core.taxonomy import Taxonomy
from plugin.outputs.results import Results, SlideCells
from plugin.text_columns import ROWS, chosen, fixed, joined

COLUMNS = ("image", "x", "y", "class", "score")

#: Rows of a row group of Parquet, which is what has to be in memory at once.
_GROUP = 131_072

#: Numbers that hardly repeat are smaller, and faster written, without a dictionary of them.
_STORED = {"compression": "zstd", "use_dictionary": ["image", "class", "tile"]}

_POSITIONS = [("x", pa.float64()), ("y", pa.float64())]
_TABLE = pa.schema(
    [
        ("image", pa.string()),
        *_POSITIONS,
        ("class", pa.string()),
        ("score", pa.float64()),
        ("tile", pa.int32()),
    ]
)
_POINTS = pa.schema(
    [
        *_POSITIONS,
        ("class", pa.dictionary(pa.int32(), pa.string())),
        ("score", pa.float64()),
        ("tile", pa.int32()),
    ]
)


def write_csv(path: Path, results: Results) -> None:
    """Write all cells, positions to a hundredth of a pixel."""
    names = [_quoted(name) for name in results.taxonomy.names]
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(f"{','.join(COLUMNS)}\n".encode())
        for cells in results.slides:
            image = _quoted(cells.slide)
            for part in gathered(cells.cells.parts(), ROWS):
                file.write(_csv_rows(part, image, names))


def write_parquet(path: Path, results: Results) -> None:
    """Write all cells, exactly as they were found."""
    metadata = {"patherea": json.dumps(results.record(), allow_nan=False)}
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, _TABLE.with_metadata(metadata), **_STORED) as file,
    ):
        for cells in results.slides:
            for part, columns in _groups(cells, results.taxonomy):
                image = pa.DictionaryArray.from_arrays(
                    pa.array([0] * len(part), pa.int32()), [cells.slide]
                )
                file.write_table(
                    pa.table({"image": image, **columns}).cast(file.schema), row_group_size=_GROUP
                )


def write_points(path: Path, results: Results) -> None:
    """Write the cells of the one slide of a run as a table of points that SpatialData takes in."""
    (cells,) = results.slides
    record = results.record()
    attributes = {"spatialdata_attrs": {"feature_key": "class"}, "patherea": record}
    metadata = {
        "patherea": json.dumps(record, allow_nan=False),
        "PANDAS_ATTRS": json.dumps(attributes, allow_nan=False),
    }
    schema = _POINTS.with_metadata(metadata)
    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, **_STORED) as file,
    ):
        for _, columns in _groups(cells, results.taxonomy):
            file.write_table(pa.table(columns, schema=schema), row_group_size=_GROUP)


def _quoted(text: str) -> str:
    """Return a text as a field of CSV, in quotes where it needs them."""
    field = io.StringIO()
    csv.writer(field, lineterminator="").writerow([text])
    return field.getvalue()


def _csv_rows(part: CellPart, image: str, names: list[str]) -> bytes:
    found = part.detections
    x, y = fixed(found.xy[:, 0], 2), fixed(found.xy[:, 1], 2)
    name, score = chosen(names, found.class_index), fixed(found.score, 4)
    return joined(f"{image},", x, ",", y, ",", name, ",", score, "\n")


def _groups(
    cells: SlideCells, taxonomy: Taxonomy
) -> Iterator[tuple[CellPart, dict[str, pa.Array]]]:
    """Yield the cells of a slide in parts of a row group, and the columns that all tables have."""
    for part in gathered(cells.cells.parts(), _GROUP):
        found = part.detections
        yield (
            part,
            {
                "x": pa.array(found.xy[:, 0]),
                "y": pa.array(found.xy[:, 1]),
                "class": pa.DictionaryArray.from_arrays(
                    pa.array(found.class_index, pa.int32()), list(taxonomy.names)
                ),
                "score": pa.array(found.score),
                "tile": pa.array(part.tile, pa.int32()),
            },
        )
