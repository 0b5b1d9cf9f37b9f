"""Arrays, MATLAB files and databases: their variants, and what is refused."""

import os
import pickle
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.io import savemat

from patherea_core.errors import InputError
from plugin.readers.cell_table import CellTable
from plugin.readers.registry import read_cells


def npy(folder: Path, array: Any, name: str = "a.npy") -> CellTable:  # noqa: ANN401
    np.save(folder / name, np.asarray(array), allow_pickle=True)
    return read_cells(folder / name)


@given(
    arrays(np.uint8, st.tuples(st.integers(4, 9), st.integers(4, 9)), elements=st.integers(0, 1))
)
def test_a_dot_map_has_a_cell_in_the_middle_of_every_dot(
    tmp_path_factory: pytest.TempPathFactory,
    dots: Any,  # noqa: ANN401
) -> None:
    table = npy(tmp_path_factory.mktemp("dots"), dots)
    again = np.zeros_like(dots)
    columns, rows = (table.xy - 0.5).astype(int).T
    again[rows, columns] = 1
    assert np.array_equal(again, dots)
    assert len(table) == dots.sum()


def test_maps_of_several_classes_name_them_by_number(tmp_path: Path) -> None:
    maps = np.zeros((3, 8, 9), np.uint8)
    maps[0, 1, 2] = maps[2, 7, 8] = 1
    table = npy(tmp_path, maps)
    assert (table.class_names, table.xy.tolist()) == (("1", "3"), [[2.5, 1.5], [8.5, 7.5]])


@pytest.mark.parametrize(
    ("name", "image", "kind"),
    [
        ("x_1.5_e93_centers_s0.npy", "x_1.5", "1"),
        ("x_centers_s2.npy", "x", "3"),
        ("x_e9_centers_allcells.npy", "x", "cell"),
        ("x_gt_dots_all.npy", "x", "cell"),
        ("x.npy", "x", "cell"),
    ],
)
def test_the_name_of_a_map_tells_image_and_class(
    tmp_path: Path, name: str, image: str, kind: str
) -> None:
    table = npy(tmp_path, np.eye(5, dtype=bool), name)
    assert (table.image_names, table.class_names) == ((image,), (kind,))


def test_positions_are_taken_as_they_are(tmp_path: Path) -> None:
    assert npy(tmp_path, [[1.25, 2], [3, 4]]).xy.tolist() == [[1.25, 2], [3, 4]]
    assert len(npy(tmp_path, np.empty((0, 2)))) == 0


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array([{"a": 1}], dtype=object), "is a pickle.*numpy.save"),
        (np.array(["a"]), "not numbers"),
        (np.zeros(4), r"has the shape \(4,\)"),
        (np.full((5, 5), 0.5), "no dot map"),
        (np.array([[1, np.nan]]), "cell 1 .*column y"),
    ],
)
def test_arrays_that_cannot_serve_are_refused(
    tmp_path: Path,
    array: Any,  # noqa: ANN401
    reason: str,
) -> None:
    with pytest.raises(InputError, match=reason):
        npy(tmp_path, array)


class Trap:
    """A pickle of this does something when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch sprung",)


@pytest.mark.parametrize("name", ["a.npy", "a.pkl", "a.pt", "a.dat"])
def test_a_pickle_is_refused_and_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError, match="is a pickle, which can run any program"):
        read_cells(tmp_path / name)
    assert not (tmp_path / "sprung").exists()


def dumped(folder: Path, array: Any) -> CellTable:  # noqa: ANN401
    np.asarray(array).dump(folder / "x_e93_centers_s0.npy")
    return read_cells(folder / "x_e93_centers_s0.npy")


@pytest.mark.parametrize("kind", ["?", "u1", "<i8", ">i4", "<f4", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_that_was_dumped_is_read_like_one_that_was_saved(
    tmp_path: Path, kind: str, order: Literal["C", "F"]
) -> None:
    dots = np.zeros((5, 7), kind, order=order)
    dots[1, 6] = dots[4, 0] = 1
    table = dumped(tmp_path, dots)
    assert (table.image_names, table.class_names) == (("x",), ("1",))
    assert np.array_equal(table.xy, npy(tmp_path, dots).xy)


def test_a_dump_of_older_numpy_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.array([[1.25, 2], [3, 4]]).dump(path)
    path.write_bytes(path.read_bytes().replace(b"numpy._core.", b"numpy.core."))
    assert read_cells(path).xy.tolist() == [[1.25, 2], [3, 4]]


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.array([[1, 2]], dtype=object), "array of O8, not of numbers"),
        (np.array([[Trap()]], dtype=object), "it names|array of O8"),
        (np.array([["a", "b"]]), "array of U1, not of numbers"),
        (np.zeros((2, 2), [("x", "O")]), "array of V8, not of numbers"),
    ],
)
def test_a_dump_of_anything_but_numbers_is_refused_and_nothing_of_it_run(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    array: Any,  # noqa: ANN401
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=rf"({reason}).*write it again with numpy\.save"):
        dumped(tmp_path, array)
    assert not (tmp_path / "sprung").exists()


@given(st.data())
def test_a_damaged_dump_is_refused_or_read_but_never_breaks(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("dump") / "a.npy"
    np.eye(3).dump(path)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(1, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    with suppress(InputError):
        read_cells(path)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"\x93NUMPY\x01\x00\x05\x00{", b"text"])
def test_broken_arrays_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npy"):
        read_cells(tmp_path / "a.npy")


def mat(folder: Path, **content: Any) -> CellTable:  # noqa: ANN401
    savemat(folder / "a.mat", content)
    return read_cells(folder / "a.mat")


def test_nuclei_without_types_or_at_all_are_read(tmp_path: Path) -> None:
    assert mat(tmp_path, inst_centroid=np.array([[1.0, 2]])).class_names == ("cell",)
    table = mat(tmp_path, inst_centroid=np.array([]), inst_type=np.array([]))
    assert (len(table), table.image_names) == (0, ("a",))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"inst_map": np.zeros((2, 2))}, "no inst_centroid"),
        ({"inst_centroid": np.zeros((2, 2)), "inst_type": np.zeros(3)}, "2 centroids but 3 types"),
        ({"inst_centroid": np.zeros((1, 3))}, "no rows of x and y"),
        ({"inst_centroid": np.array([[np.inf, 1]])}, "cell 1 .*inf in column x"),
    ],
)
def test_matlab_files_that_cannot_serve_are_refused(
    tmp_path: Path, content: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        mat(tmp_path, **content)


@pytest.mark.parametrize("content", [b"", b"text", b"MATLAB 5.0 MAT-file" + b" " * 200])
def test_broken_matlab_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mat").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.mat"):
        read_cells(tmp_path / "a.mat")


def store(folder: Path, geometry: bytes | None, properties: str, compression: str) -> CellTable:
    path = folder / "a.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE metadata (key TEXT UNIQUE, value TEXT)")
        database.execute("INSERT INTO metadata VALUES ('compression', ?)", [compression])
        database.execute(
            "CREATE TABLE annotations (id INTEGER PRIMARY KEY, cx, cy, geometry, properties)"
        )
        database.execute(
            "INSERT INTO annotations VALUES (NULL, 1, 2, ?, ?)", [geometry, properties]
        )
        database.commit()
    return read_cells(path)


def test_a_store_may_lack_class_and_score(tmp_path: Path) -> None:
    table = store(tmp_path, None, "{}", "null")
    assert (table.class_names, table.score, table.xy.tolist()) == (("cell",), None, [[1, 2]])


@pytest.mark.parametrize(
    ("geometry", "properties", "compression"),
    [
        (b"no shape", "{}", "null"),
        (b"not compressed", "{}", '"zlib"'),
        (None, "{", "null"),
        (None, "[]", "null"),
        (None, "{}", '"lz4"'),
        (None, '{"prob": 2}', "null"),
    ],
)
def test_a_store_that_cannot_serve_is_refused(
    tmp_path: Path, geometry: bytes | None, properties: str, compression: str
) -> None:
    with pytest.raises(InputError, match=r"a\.db"):
        store(tmp_path, geometry, properties, compression)


@pytest.mark.parametrize("content", [b"", b"this is no database at all, but text" * 9])
def test_what_is_no_store_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.db is no annotation store"):
        read_cells(tmp_path / "a.db")
