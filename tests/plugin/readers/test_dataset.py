"""A dataset is read as what a person labelled, a place on a slide for each sample."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from patherea_core.data.sample import Sample
from patherea_core.errors import DatasetError, InputError
from patherea_core.points import Points
from plugin.readers.registry import read_cells
from tests.builders import TAXONOMY, points, sample, write_dataset


def placed(name: str, left: int, found: Points) -> Sample:
    made = sample(found, name=name)
    return replace(made, record=made.record.model_copy(update={"left": left}))


def test_every_sample_is_an_image_also_without_a_point(tmp_path: Path) -> None:
    cells = (points((6, 3, 1), (7, 4, 0)), Points.none())
    write_dataset(tmp_path / "ds", [placed(f"s{row}", 500 * row, cells[row]) for row in range(2)])
    table = read_cells(tmp_path / "ds")
    first, second = table.rows_by_image().values()
    assert (len(first), len(second)) == (2, 0)
    read = table.points(TAXONOMY)
    order = np.lexsort(read.xy.T)
    assert read.xy[order].tolist() == cells[0].xy[np.lexsort(cells[0].xy.T)].tolist()
    assert table.patients is not None
    assert set(table.patients) == set(table.image_names)


def test_the_same_place_has_the_same_name_whoever_labelled_it(tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        write_dataset(tmp_path / name, [placed(name, 500, points((6, 3, 1)))])
    one, other = (read_cells(tmp_path / name) for name in ("anna", "ben"))
    assert one.image_names == other.image_names
    write_dataset(tmp_path / "both", [placed(name, 500, points((6, 3, 1))) for name in "ab"])
    with pytest.raises(InputError, match=r"two samples of .*; export each person for himself"):
        read_cells(tmp_path / "both")


def test_a_table_that_is_missing_is_named(tmp_path: Path) -> None:
    write_dataset(tmp_path / "ds", [sample(name="s1")])
    (table,) = (tmp_path / "ds" / "points").iterdir()
    table.unlink()
    with pytest.raises((DatasetError, InputError), match=table.name):
        read_cells(tmp_path / "ds")
