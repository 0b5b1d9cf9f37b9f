"""Detections as files of every form: written, read back, and checked before long work."""

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from patherea_core.errors import InputError, OutputError
from patherea_core.points import Detections
from patherea_core.taxonomy import Taxonomy
from plugin.outputs.cell_files import require_cell_file, write_cells
from plugin.outputs.results import Results, SlideCells
from plugin.readers.registry import read_cells

TAXONOMY = Taxonomy.of(["positive", "negative"])
FORMS = ("a.csv", "a.parquet", "a.geojson", "a.json", "a.anot")


def results(*slides: SlideCells) -> Results:
    return Results(slides, TAXONOMY, "Cells", "run", {"program": "patherea"})


def cells(slide: str = "one, two.png", count: int = 5) -> SlideCells:
    random = np.random.default_rng(count)
    return SlideCells(
        slide,
        Detections(
            np.round(random.uniform(0, 1000, (count, 2)), 2),
            np.sort(random.integers(2, size=count)),
            np.round(random.uniform(size=count), 4),
        ),
    )


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("count", [0, 5])
def test_what_is_written_is_read_back(tmp_path: Path, name: str, count: int) -> None:
    own = cells(count=count)
    write_cells(tmp_path / name, results(own))
    table = read_cells(tmp_path / name)
    found = table.detections(TAXONOMY)
    assert found.xy.tolist() == own.detections.xy.tolist()
    assert found.class_index.tolist() == own.detections.class_index.tolist()
    assert found.score.tolist() == own.detections.score.tolist()
    assert set(table.image_names) <= {own.slide}
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.geojson"])
def test_tables_hold_many_slides(tmp_path: Path, name: str) -> None:
    write_cells(tmp_path / name, results(cells("a", 3), cells("none", 0), cells("b", 2)))
    table = read_cells(tmp_path / name)
    assert [table.image_names[row] for row in table.image_index] == ["a", "a", "a", "b", "b"]


def test_the_columns_are_image_x_y_class_and_score(tmp_path: Path) -> None:
    write_cells(tmp_path / "a.csv", results(cells()))
    with (tmp_path / "a.csv").open(newline="") as file:
        assert next(csv.reader(file)) == ["image", "x", "y", "class", "score"]
    write_cells(tmp_path / "a.parquet", results(cells(count=0)))
    schema = pq.read_schema(tmp_path / "a.parquet")
    assert [str(field) for field in schema.types] == [
        "string",
        "double",
        "double",
        "string",
        "double",
    ]


def test_geojson_is_what_qupath_calls_detections(tmp_path: Path) -> None:
    write_cells(tmp_path / "a.geojson", results(cells(count=1)))
    (feature,) = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert feature["properties"]["objectType"] == "detection"
    assert feature["properties"]["classification"]["color"] in ([213, 94, 0], [0, 114, 178])
    assert feature["properties"]["image"] == "one, two.png"


def test_an_annotation_says_where_it_came_from(tmp_path: Path) -> None:
    write_cells(tmp_path / "a.json", results(cells()))
    content = (tmp_path / "a.json").read_bytes()
    assert content.isascii()
    ours = json.loads(content)["attributes"]["patherea"]
    assert (ours["run"], ours["program"], ours["slide"]) == ("run", "patherea", "one, two.png")


def test_many_cells_in_one_annotation_are_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("plugin.dsa.annotation_codec.POINTS_PER_ANNOTATION", 4)
    write_cells(tmp_path / "a.json", results(cells()))
    assert "more than the archive's viewer can edit" in caplog.text


def test_an_annotation_holds_one_slide(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds one slide, but 2 were given"):
        require_cell_file(tmp_path / "a.json", None, 2)
    require_cell_file(tmp_path / "a.json", ".csv", 2)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.xml"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"must end in one of \.anot, \.csv, \.geojson"):
        require_cell_file(tmp_path / name, None, 1)


def test_what_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        require_cell_file(tmp_path / "file" / "a.csv", None, 1)
    with pytest.raises(OutputError, match="cannot be written"):
        require_cell_file(tmp_path / "missing" / "a.csv", None, 1)
