"""Which reader understands a file, told by how its name ends."""

from collections.abc import Callable, Mapping
from pathlib import Path

from patherea_core.errors import InputError
from plugin.readers import annotation_file, geojson, tables
from plugin.readers.cell_table import CellTable

_READERS: Mapping[str, Callable[[Path], CellTable]] = {
    ".csv": tables.read_csv,
    ".parquet": tables.read_parquet,
    ".geojson": geojson.read_geojson,
    ".json": annotation_file.read_annotation_file,
    ".anot": annotation_file.read_annotation_file,
}


def read_cells(path: Path) -> CellTable:
    """Return the cells of a file.

    Raises:
        InputError: it cannot be read, or no reader understands it.
    """
    ending = path.suffix.lower()
    if ending not in _READERS:
        raise InputError(f"{path.name} must end in one of {', '.join(sorted(_READERS))}")
    return _READERS[ending](path)
