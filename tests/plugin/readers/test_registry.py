"""Which reader is chosen, and files that none can read."""

from pathlib import Path

import pytest

from patherea_core.errors import InputError
from plugin.readers.registry import read_cells


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.geojson", "a.json", "a.anot"])
def test_a_file_that_is_missing_or_broken_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=name):
        read_cells(tmp_path / name)
    (tmp_path / name).write_bytes(b"\xff\xfe nonsense {")
    with pytest.raises(InputError, match=name):
        read_cells(tmp_path / name)
