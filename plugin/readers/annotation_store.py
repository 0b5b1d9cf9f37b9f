"""Cells from TIAToolbox's annotation store: an SQLite database, only ever read.

Documented in tia-toolbox.readthedocs.io, ``tiatoolbox.annotation.storage.SQLiteStore``: the table
``annotations`` has ``cx`` and ``cy``, ``geometry`` (well-known binary, compressed as ``metadata`` says under
``compression``; NULL for a point at cx, cy) and ``properties`` (JSON). Positions are taken as they are. The
class is the property ``type`` or ``class``, the score ``prob``, ``type_prob``, ``probability`` or ``score``.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import shapely
from shapely.errors import ShapelyError

from patherea_core.errors import InputError
from plugin.readers.cell_rows import Cell, class_name, table_of
from plugin.readers.cell_table import CellTable

_CLASSES = ("type", "class")
_SCORES = ("prob", "type_prob", "probability", "score")


def read_store(path: Path) -> CellTable:
    """Return the cells of the one image of a store, which its name names.

    Raises:
        InputError: it cannot be read, or is no annotation store.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            return table_of(path, _cells(database, path.stem), (path.stem,))
    except sqlite3.Error as error:
        raise InputError(f"{path} is no annotation store of TIAToolbox: {error}") from error
    except (ValueError, TypeError, AttributeError, zlib.error, ShapelyError) as error:
        raise InputError(f"an annotation of {path} cannot be read: {error}") from error


def _cells(database: sqlite3.Connection, image: str) -> Iterator[Cell]:
    compressed = _is_compressed(database)
    rows = database.execute("SELECT cx, cy, geometry, properties FROM annotations ORDER BY id")
    for cx, cy, geometry, text in rows:
        properties = json.loads(text) if text else {}
        x, y = (cx, cy) if geometry is None else _centre(geometry, compressed=compressed)
        yield Cell(
            image, x, y, class_name(_first(properties, _CLASSES)), _first(properties, _SCORES)
        )


def _is_compressed(database: sqlite3.Connection) -> bool:
    row = database.execute("SELECT value FROM metadata WHERE [key] = 'compression'").fetchone()
    method = json.loads(row[0]) if row else None
    if method not in (None, "zlib"):
        raise ValueError(f"its compression {method!r} is unknown; zlib or none is understood")
    return method == "zlib"


def _centre(geometry: bytes, *, compressed: bool) -> tuple[float, float]:
    shape = shapely.from_wkb(zlib.decompress(geometry) if compressed else geometry)
    ((x, y),) = shapely.get_coordinates(shapely.centroid(shape))
    return float(x), float(y)


def _first(properties: dict[str, Any], keys: tuple[str, ...]) -> Any:  # noqa: ANN401  any JSON value
    return next((properties[key] for key in keys if properties.get(key) is not None), None)
