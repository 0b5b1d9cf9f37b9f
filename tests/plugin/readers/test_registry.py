"""Which reader is chosen, folders of files, and what none can read."""

import json
from pathlib import Path

import numpy as np
import pytest

from patherea_core.errors import InputError
from plugin.outputs.finished_run import record_of
from plugin.readers.registry import read_cells

ENDINGS = (".csv", ".parquet", ".geojson", ".json", ".anot", ".mat", ".npy", ".db")


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_that_is_missing_or_broken_is_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    with pytest.raises(InputError, match=f"there is no file .*{path.name}"):
        read_cells(path)
    path.write_bytes(b"\xff\xfe nonsense {")
    with pytest.raises(InputError, match=path.name):
        read_cells(path)


@pytest.mark.parametrize("name", ["a", "a.txt", "a.xml"])
def test_an_unknown_kind_is_refused_with_those_that_are_understood(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=r"CSV or Parquet .*GeoJSON.*HoVer-Net.*\.db"):
        read_cells(tmp_path / name)


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip"])
def test_a_packed_file_is_to_be_unpacked(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=f"{name} is packed; unpack it first"):
        read_cells(tmp_path / name)


def hovernet(path: Path, *kinds: int) -> None:
    nuclei = {str(row): {"centroid": [row, 0], "type": kind} for row, kind in enumerate(kinds)}
    path.write_text(json.dumps({"mag": None, "nuc": nuclei}))


def test_a_folder_is_read_file_by_file(tmp_path: Path) -> None:
    hovernet(tmp_path / "b.json", 2, 1)
    hovernet(tmp_path / "a.json", 1)
    hovernet(tmp_path / "c.json")
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "._a.json").write_bytes(b"left by some file managers")
    table = read_cells(tmp_path)
    assert table.image_names == ("a", "b", "c")
    assert [table.image_names[row] for row in table.image_index] == ["a", "b", "b"]
    assert [table.class_names[row] for row in table.class_index] == ["1", "2", "1"]
    assert {name: len(rows) for name, rows in table.rows_by_image().items()} == {
        "a": 1,
        "b": 2,
        "c": 0,
    }


def test_a_folder_of_hovernext_has_a_folder_for_each_image(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "class_inst.json").write_text('{"7": [3, [1.0, 2.0]]}')
    table = read_cells(tmp_path)
    assert (table.image_names, table.xy.tolist()) == (("a", "b"), [[2.5, 1.5], [2.5, 1.5]])


def test_the_class_maps_of_mcspatnet_make_one_image(tmp_path: Path) -> None:
    np.save(tmp_path / "x_e93_centers_s0.npy", np.eye(4, dtype=np.uint8))
    np.save(tmp_path / "x_e93_centers_s1.npy", np.eye(5, dtype=np.uint8))
    np.save(tmp_path / "x_e93_centers_allcells.npy", np.ones((4, 4), np.uint8))
    np.save(tmp_path / "x_e93_likelihood_class.npy", np.full((2, 4, 4), 0.5))
    table = read_cells(tmp_path)
    assert (table.image_names, table.class_names) == (("x",), ("1", "2"))
    assert np.bincount(table.class_index).tolist() == [4, 5]


def test_an_image_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("image,x,y,class\nz,1,2,p\n")
    with pytest.raises(InputError, match=r"'z' is both in .*a\.csv and .*b\.csv"):
        read_cells(tmp_path)


def test_tables_of_a_folder_keep_score_patient_and_radius(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,x,y,class,score,radius,patient\na,1,2,p,0.5,3,P\n")
    (tmp_path / "b.csv").write_text("image,x,y,class,radius\nb,1,2,p,4\n")
    table = read_cells(tmp_path)
    assert table.score is not None
    assert table.score.tolist() == [0.5, 1]
    assert table.radius is not None
    assert table.radius.tolist() == [3, 4]
    assert table.patients == {"a": "P"}
    (tmp_path / "c.csv").write_text("image,x,y,class\nc,1,2,p\n")
    with pytest.raises(InputError, match="radius for each cell and others none"):
        read_cells(tmp_path)


def test_what_a_detection_leaves_beside_its_cells_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,x,y,class,score\na.png,1,2,p,0.5\n")
    (tmp_path / "slides.csv").write_text("slide,path,state\na,a.png,done\n")
    with pytest.raises(InputError, match="slides"):
        read_cells(tmp_path)
    record_of(tmp_path / "a.csv").write_text("{}")
    assert read_cells(tmp_path).image_names == ("a.png",)
    # A slide may be called so, and its cells then have a record of their own.
    (tmp_path / "slides.csv").write_text("image,x,y,class,score\nb.png,1,2,p,0.5\n")
    record_of(tmp_path / "slides.csv").write_text("{}")
    assert read_cells(tmp_path).image_names == ("a.png", "b.png")


def test_a_folder_of_several_kinds_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of cells"):
        read_cells(tmp_path)
    hovernet(tmp_path / "a.json", 1)
    (tmp_path / "a.csv").write_text("image,x,y,class\n")
    with pytest.raises(InputError, match=r"several kinds \(\.csv, \.json\)"):
        read_cells(tmp_path)
