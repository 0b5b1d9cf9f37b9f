"""Detections as files of every form: written piece by piece, read back, and checked before long work."""

import csv
import gzip
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from patherea_core.cells import CellsInMemory
from patherea_core.errors import InputError, OutputError
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.outputs import cell_files
from plugin.outputs.annotation_file import annotation_of, annotation_texts
from plugin.outputs.cell_files import require_cell_file, write_cells
from plugin.outputs.results import Results, SlideCells, SlideFrame
from plugin.readers.registry import read_cells
from tests.plugin.cell_parts import Broken, Shredded, Watched, some_cells

TAXONOMY = Taxonomy.of(["positive", 'nicht "positiv", größer'])
READ = ("a.csv", "a.parquet", "a.geojson", "a.json", "a.anot")
FORMS = (
    *READ,
    "a.geojson.gz",
    "a.geojson.zip",
    "a.points.parquet",
    "a.density.tif",
    "a.overlay.png",
)
FRAME = SlideFrame(1000, 1000, 0.5)
SLIDE = "Präparat 1, Schnitt 2.png"


def results(*slides: SlideCells) -> Results:
    return Results(slides, TAXONOMY, "Cells", "run", {"program": "patherea"})


def cells(slide: str = SLIDE, count: int = 5, frame: SlideFrame = FRAME) -> SlideCells:
    return SlideCells(slide, CellsInMemory(some_cells(count)), frame)


def sorted_rows(found: Detections) -> list[tuple[float, ...]]:
    rows = zip(*found.xy.T.tolist(), found.class_index, found.score.tolist(), strict=True)
    return sorted((x, y, int(row), score) for x, y, row, score in rows)


def read_rows(path: Path) -> list[tuple[float, ...]]:
    return sorted_rows(read_cells(path).detections(TAXONOMY))


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("count", [0, 5])
def test_what_is_written_is_read_back(tmp_path: Path, name: str, count: int) -> None:
    write_cells(tmp_path / name, results(cells(count=count)))
    wanted = some_cells(count)
    if not name.startswith(("a.csv", "a.parquet", "a.geojson")):
        wanted = wanted.moved_to(np.round(wanted.xy, 1))
    assert read_rows(tmp_path / name) == sorted_rows(wanted)
    assert set(read_cells(tmp_path / name).image_names) <= {SLIDE}
    assert [path.name for path in tmp_path.iterdir()] == [name]


def write_few_at_a_time(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Let every form write so many cells at a time."""
    for module in ("outputs.tables", "outputs.geojson", "outputs.density", "outputs.overlay"):
        monkeypatch.setattr(f"plugin.{module}.ROWS", rows)
    monkeypatch.setattr("plugin.outputs.tables._GROUP", rows)
    monkeypatch.setattr("plugin.dsa.annotation_encoding.ROWS", rows)


@pytest.mark.parametrize("name", FORMS)
def test_parts_make_no_difference(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = some_cells(50)
    write_cells(tmp_path / "whole", results(SlideCells(SLIDE, CellsInMemory(found), FRAME)), name)
    write_few_at_a_time(monkeypatch, 7)
    write_cells(tmp_path / "parts", results(SlideCells(SLIDE, Shredded(found), FRAME)), name)
    if name.endswith(".parquet"):
        whole, parts = pq.read_table(tmp_path / "whole"), pq.read_table(tmp_path / "parts")
        assert whole.drop(["tile"]) == parts.drop(["tile"])
        tiles = np.concatenate([part.tile for part in Shredded(found).parts()])
        assert parts["tile"].to_pylist() == tiles.tolist()
    elif name.endswith(".zip"):
        whole, parts = zipfile.ZipFile(tmp_path / "whole"), zipfile.ZipFile(tmp_path / "parts")
        assert whole.read("whole.geojson") == parts.read("parts.geojson")
    else:
        assert (tmp_path / "whole").read_bytes() == (tmp_path / "parts").read_bytes()


@pytest.mark.parametrize("name", FORMS)
def test_few_parts_are_held_however_many_there_are(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_few_at_a_time(monkeypatch, 25)
    watched = Watched(1000)
    write_cells(tmp_path / name, results(SlideCells("a", watched, FRAME)))
    assert 1 <= watched.most <= 4


@pytest.mark.parametrize("name", FORMS)
def test_a_failure_on_the_way_leaves_the_file_before_and_nothing_else(
    tmp_path: Path, name: str
) -> None:
    broken = results(SlideCells("a", Broken(some_cells(5)), FRAME))
    with pytest.raises(ValueError, match="the journal ends"):
        write_cells(tmp_path / name, broken)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / name).write_text("old")
    with pytest.raises(ValueError, match="the journal ends"):
        write_cells(tmp_path / name, broken)
    assert (tmp_path / name).read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_full_disk_is_said_so_in_every_form(tmp_path: Path) -> None:
    # In a process of its own, which may write no file of more than two hundred bytes.
    code = (
        "import resource, signal, sys\n"
        "from pathlib import Path\n"
        "from patherea_core.errors import OutputError\n"
        "from plugin.outputs.cell_files import write_cells\n"
        "from tests.plugin.outputs.test_cell_files import FORMS, cells, results\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))\n"
        "for name in FORMS:\n"
        "    try:\n"
        "        write_cells(Path(sys.argv[1]) / name, results(cells(count=500)))\n"
        "    except OutputError as error:\n"
        "        print(name, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout.splitlines()
    assert [line.split()[0] for line in said] == list(FORMS)
    assert all("cannot be written" in line and "None" not in line for line in said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.geojson"])
def test_tables_hold_many_slides(tmp_path: Path, name: str) -> None:
    write_cells(tmp_path / name, results(cells("a", 3), cells("none", 0), cells("b", 2)))
    table = read_cells(tmp_path / name)
    assert [table.image_names[row] for row in table.image_index] == ["a", "a", "a", "b", "b"]


def test_csv_is_what_the_writer_of_python_gives(tmp_path: Path) -> None:
    found = some_cells(20)
    write_cells(tmp_path / "a.csv", results(SlideCells(SLIDE, CellsInMemory(found))))
    with (tmp_path / "slow.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["image", "x", "y", "class", "score"])
        for (x, y), row, score in zip(found.xy, found.class_index, found.score, strict=True):
            name = TAXONOMY.names[row]
            writer.writerow([SLIDE, f"{x:.2f}", f"{y:.2f}", name, f"{score:.4f}"])
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "slow.csv").read_bytes()


def test_parquet_says_where_its_cells_came_from(tmp_path: Path) -> None:
    frame = SlideFrame(1000, 2000, 0.5, (10, 20))
    write_cells(tmp_path / "a.parquet", results(cells(count=0, frame=frame)))
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert schema.names == ["image", "x", "y", "class", "score", "tile"]
    assert [str(kind) for kind in schema.types] == [
        "string",
        "double",
        "double",
        "string",
        "double",
        "int32",
    ]
    record = json.loads(schema.metadata[b"patherea"])
    assert (record["run"], record["program"]) == ("run", "patherea")
    assert record["classes"][0] == {"name": "positive", "color": "#d55e00"}
    assert record["slides"] == [
        {
            "name": SLIDE,
            "cells": 0,
            "width": 1000,
            "height": 2000,
            "base_mpp": 0.5,
            "offset": [10, 20],
        }
    ]


def test_points_have_a_categorical_class_and_say_that_it_is_the_feature(tmp_path: Path) -> None:
    write_cells(tmp_path / "a.points.parquet", results(cells(count=3)))
    table = pq.read_table(tmp_path / "a.points.parquet")
    assert table.column_names == ["x", "y", "class", "score", "tile"]
    assert str(table.schema.field("class").type).startswith("dictionary<values=string")
    assert table["class"].chunk(0).dictionary.to_pylist() == list(TAXONOMY.names)
    attributes = json.loads(table.schema.metadata[b"PANDAS_ATTRS"])
    assert attributes["spatialdata_attrs"] == {"feature_key": "class"}


def test_geojson_is_what_qupath_calls_detections(tmp_path: Path) -> None:
    write_cells(tmp_path / "a.geojson", results(cells(count=1)))
    (feature,) = json.loads((tmp_path / "a.geojson").read_bytes())["features"]
    found = some_cells(1)
    assert feature == {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": found.xy[0].tolist()},
        "properties": {
            "objectType": "detection",
            "classification": {
                "name": TAXONOMY.names[found.class_index[0]],
                "color": [213, 94, 0] if found.class_index[0] == 0 else [0, 114, 178],
            },
            "image": SLIDE,
            "measurements": {"score": found.score[0]},
        },
    }


def test_geojson_counts_from_the_scanned_area_and_is_read_back_in_base_pixels(
    tmp_path: Path,
) -> None:
    shifted = SlideFrame(1000, 1000, 0.5, (400.0, 1500.0))
    write_cells(tmp_path / "plain.geojson", results(cells("a"), cells("b")))
    write_cells(tmp_path / "shifted.geojson", results(cells("a"), cells("b", frame=shifted)))
    places = [
        np.array(
            [feature["geometry"]["coordinates"] for feature in json.loads(content)["features"]]
        )
        for content in (
            (tmp_path / f"{name}.geojson").read_bytes() for name in ("plain", "shifted")
        )
    ]
    np.testing.assert_allclose(places[0][:5], places[1][:5])
    np.testing.assert_allclose(places[0][5:] - (400, 1500), places[1][5:])
    plain, back = (read_cells(tmp_path / f"{name}.geojson") for name in ("plain", "shifted"))
    np.testing.assert_allclose(plain.xy, back.xy)


@pytest.mark.parametrize(
    ("name", "unpacked"),
    [
        ("a.geojson.gz", lambda path: gzip.decompress(path.read_bytes())),
        ("a.geojson.zip", lambda path: zipfile.ZipFile(path).read("a.geojson")),
    ],
)
def test_packed_geojson_is_the_same_geojson(
    tmp_path: Path, name: str, unpacked: Callable[[Path], bytes]
) -> None:
    write_cells(tmp_path / "a.geojson", results(cells()))
    write_cells(tmp_path / name, results(cells()))
    assert unpacked(tmp_path / name) == (tmp_path / "a.geojson").read_bytes()
    first = (tmp_path / name).read_bytes()
    write_cells(tmp_path / name, results(cells()))
    assert (tmp_path / name).read_bytes() == first


def test_an_annotation_says_where_it_came_from(tmp_path: Path) -> None:
    write_cells(tmp_path / "a.json", results(cells()))
    content = (tmp_path / "a.json").read_bytes()
    assert content.isascii()
    ours = json.loads(content)["attributes"]["patherea"]
    assert (ours["run"], ours["program"], ours["slide"]) == ("run", "patherea", SLIDE)


def test_many_cells_in_one_annotation_are_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("plugin.dsa.annotation_encoding.POINTS_PER_ANNOTATION", 4)
    write_cells(tmp_path / "a.json", results(cells()))
    assert "more than the archive's viewer can edit" in caplog.text


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (4, [4]), (5, [4, 1]), (10, [4, 4, 2])])
def test_many_cells_are_posted_in_annotations_that_lose_nothing(
    count: int, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = results(SlideCells(SLIDE, Shredded(some_cells(count)), FRAME))
    whole = annotation_of(found)
    monkeypatch.setattr("plugin.dsa.annotation_encoding.POINTS_PER_ANNOTATION", 4)
    texts = [(text, json.loads(b"".join(text.pieces))) for text in annotation_texts(found)]
    parts = [part for _, part in texts]
    assert [len(part["elements"]) for part in parts] == sizes == [text.cells for text, _ in texts]
    assert [part["name"] for part in parts] == [text.name for text, _ in texts]
    points = [element for part in parts for element in part["elements"]]
    assert len({point["id"] for point in points}) == count
    assert sorted(point["center"] for point in points) == sorted(
        point["center"] for point in whole["elements"]
    )


def test_an_annotation_holds_one_slide(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="annotation, which holds one slide, but 2 were given"):
        require_cell_file(tmp_path / "a.json", None, 2)
    require_cell_file(tmp_path / "a.json", ".csv", 2)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.xml", "a.tif", "a.gz"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"must end in one of \.anot, \.csv, \.density\.tif"):
        require_cell_file(tmp_path / name, None, 1)


def test_the_longest_ending_decides() -> None:
    assert cell_files.form_of(Path("A.Points.Parquet"), None) == ".points.parquet"
    assert cell_files.form_of(Path("points.parquet"), None) == ".parquet"
    assert cell_files.form_of(Path("a.csv"), ".geojson.gz") == ".geojson.gz"


def test_what_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        require_cell_file(tmp_path / "file" / "a.csv", None, 1)
    with pytest.raises(OutputError, match="cannot be written"):
        require_cell_file(tmp_path / "missing" / "a.csv", None, 1)


@pytest.mark.parametrize("name", ["a.density.tif", "a.overlay.png"])
def test_pictures_need_to_know_how_large_the_slide_is(tmp_path: Path, name: str) -> None:
    unknown = SlideCells("a", CellsInMemory(some_cells(3)))
    with pytest.raises(InputError, match="needs to know how large slide 'a' is"):
        write_cells(tmp_path / name, results(unknown))
    assert list(tmp_path.iterdir()) == []


def test_a_slide_without_size_is_refused() -> None:
    with pytest.raises(InputError, match="not 0 × 5 pixels"):
        SlideFrame(0, 5, 0.25)
