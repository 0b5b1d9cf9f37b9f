"""The same four cells in every layout: all files of the golden folder, and binary ones built here."""

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest
import shapely
from scipy.io import savemat

from plugin.readers.cell_table import CellTable
from plugin.readers.registry import read_cells

GOLDEN = Path(__file__).parents[2] / "golden" / "readers"

#: Position, class and score of each cell.
CELLS = {
    (10.0, 20.0): ("tumour", 0.9),
    (40.0, 20.0): ("stroma", 0.8),
    (10.0, 60.0): ("tumour", 0.7),
    (45.5, 60.5): ("stroma", 0.6),
}
NUMBERS = {"tumour": "1", "stroma": "2"}
XY = np.array(list(CELLS))
TYPES = np.array([1, 2, 1, 2])


def found(table: CellTable) -> dict[tuple[float, float], tuple[str, str, float | None]]:
    """Return image, class and score of each cell by its position."""
    scores = [None] * len(table) if table.score is None else table.score.tolist()
    return {
        (x, y): (table.image_names[image], table.class_names[kind], score)
        for (x, y), image, kind, score in zip(
            table.xy.tolist(), table.image_index, table.class_index, scores, strict=True
        )
    }


def expected(
    image: str, *, numbered: bool = False, scored: bool = True
) -> dict[tuple[float, float], tuple[str, str, float | None]]:
    return {
        xy: (image, NUMBERS[kind] if numbered else kind, score if scored else None)
        for xy, (kind, score) in CELLS.items()
    }


@pytest.mark.parametrize(
    ("name", "image", "numbered", "scored"),
    [
        ("cells.csv", "slide", False, True),
        ("slide.qupath.geojson", "slide", False, True),
        ("slide.cellvit.json", "slide.cellvit", False, False),
        ("slide.cellvit-points.geojson", "slide.cellvit-points", False, False),
        ("slide.instanseg.geojson", "slide.instanseg", False, True),
        ("slide.annotation.json", "slide.annotation", False, True),
        ("slide.shapes.anot", "slide.shapes", False, False),
        ("slide.hovernet.json", "slide.hovernet", True, True),
        ("slide/class_inst.json", "slide", True, False),
        ("coco.json", "slide", False, True),
        ("coco-results.json", "slide", True, True),
    ],
)
def test_every_golden_file_holds_the_same_cells(
    name: str, image: str, numbered: bool, scored: bool
) -> None:
    table = read_cells(GOLDEN / name)
    assert found(table) == expected(image, numbered=numbered, scored=scored)
    assert table.source == GOLDEN / name


def test_every_golden_file_is_tested() -> None:
    tested = {path for path in GOLDEN.rglob("*") if path.is_file()}
    assert {path.name for path in tested} == {
        *(
            "cells.csv",
            "slide.qupath.geojson",
            "slide.cellvit.json",
            "slide.cellvit-points.geojson",
        ),
        *("slide.instanseg.geojson", "slide.annotation.json", "slide.shapes.anot"),
        *("slide.hovernet.json", "class_inst.json", "coco.json", "coco-results.json"),
        "regions.geojson",
    }


def parquet(path: Path) -> None:
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(GOLDEN / "cells.csv"), path)


def hovernet_mat(path: Path) -> None:
    savemat(
        path,
        {
            "inst_map": np.zeros((64, 64), np.int32),
            "inst_uid": np.arange(1, 5)[:, None],
            "inst_type": TYPES[:, None],
            "inst_centroid": XY - 0.5,
        },
    )


def lizard_mat(path: Path) -> None:
    savemat(path, {"id": np.arange(1, 5)[:, None], "class": TYPES[:, None], "centroid": XY - 0.5})


def listed_npy(path: Path) -> None:
    np.save(path, np.column_stack([XY, TYPES]))


def store(path: Path, *, compressed: bool = True, dialect: str = "type") -> None:
    """Write the layout of TIAToolbox's store, version 1.0.1: two polygons, two points."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE metadata (key TEXT UNIQUE, value TEXT)")
        method = json.dumps("zlib" if compressed else None)
        database.execute("INSERT INTO metadata VALUES ('compression', ?)", [method])
        database.execute(
            "CREATE TABLE annotations (id INTEGER PRIMARY KEY, key TEXT UNIQUE, objtype TEXT, "
            "cx FLOAT NOT NULL, cy FLOAT NOT NULL, geometry BLOB, properties TEXT, area FLOAT NOT NULL)"
        )
        for row, ((x, y), (kind, score)) in enumerate(CELLS.items()):
            shape = shapely.box(x - 4, y - 3, x + 4, y + 3).wkb if row < 2 else None
            if shape is not None and compressed:
                shape = zlib.compress(shape)
            properties = json.dumps({dialect: kind, "prob": score})
            # A polygon's cx, cy may be any point of it, so they must not matter.
            at = (x, y) if shape is None else (x + 1, y + 1)
            database.execute(
                "INSERT INTO annotations VALUES (NULL, ?, 'any', ?, ?, ?, ?, 0)",
                [str(row), *at, shape, properties],
            )
        database.commit()


def plain_store(path: Path) -> None:
    store(path, compressed=False, dialect="class")


@pytest.mark.parametrize(
    ("write", "ending", "numbered", "scored"),
    [
        (parquet, ".parquet", False, True),
        (hovernet_mat, ".mat", True, False),
        (lizard_mat, ".mat", True, False),
        (listed_npy, ".npy", True, False),
        (store, ".db", False, True),
        (plain_store, ".db", False, True),
    ],
)
def test_binary_files_hold_the_same_cells(
    tmp_path: Path, write: Callable[[Path], None], ending: str, numbered: bool, scored: bool
) -> None:
    path = tmp_path / f"slide{ending}"
    write(path)
    before = path.read_bytes()
    assert found(read_cells(path)) == expected("slide", numbered=numbered, scored=scored)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_images_and_patients_are_known_where_a_file_says_them() -> None:
    assert read_cells(GOLDEN / "cells.csv").patients == {"slide": "P1"}
    assert read_cells(GOLDEN / "coco.json").image_names == ("slide", "empty")
