"""Files of published datasets are read exactly, or refused with one clear sentence."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from patherea_core.errors import DatasetError, TaxonomyError
from tests.training.importers.layouts import write_image, write_lines
from training.importers import reading

pixel = st.tuples(st.integers(0, 11), st.integers(0, 7))


@given(st.lists(pixel, max_size=20))
def test_every_pixel_of_an_image_has_its_middle_inside(pixels: list[tuple[int, int]]) -> None:
    points = reading.points_of_pixels(pixels, [0] * len(pixels), (12, 8), "a.txt")

    assert points.xy.tolist() == [[x + 0.5, y + 0.5] for x, y in pixels]


@pytest.mark.parametrize("position", [(12, 0), (0, 8), (-1, 0), (0, -1), (11.5, 0)])
def test_a_pixel_outside_of_its_image_is_refused_and_named(position: tuple[float, float]) -> None:
    with pytest.raises(
        DatasetError, match=rf"a\.txt: the cell at column {position[0]}, row .* 12 × 8"
    ):
        reading.points_of_pixels([position], [0], (12, 8), "a.txt")


def test_classes_become_rows_and_unknown_ones_are_refused() -> None:
    assert reading.class_rows([7, 5, 7], {5: 0, 7: 1}, "a.txt").tolist() == [1, 0, 1]
    with pytest.raises(TaxonomyError, match=r"a\.txt: class 6 is unknown; the classes are 5, 7"):
        reading.class_rows([7, 6], {5: 0, 7: 1}, "a.txt")


def test_a_barcode_names_its_patient() -> None:
    assert reading.patient_of_barcode("TCGA-A7-A0DB-01Z-00-DX1_1_2.png") == "TCGA-A7-A0DB"
    assert reading.patient_of_barcode("slide 7") == "slide 7"


def test_blank_lines_and_a_byte_order_mark_are_no_rows(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.txt", "\ufeff3 4", "", "  5   6 ")

    assert reading.integer_rows(path, "x y").tolist() == [[3, 4], [5, 6]]


@pytest.mark.parametrize("line", ["3", "3 4 5", "3 four", "3.5 4", "-3 4"])
def test_a_row_that_is_not_whole_numbers_is_refused_with_its_place(
    tmp_path: Path, line: str
) -> None:
    path = write_lines(tmp_path / "a.txt", "1 2", line)

    with pytest.raises(DatasetError, match=r"a\.txt, row 2: .* is not 'x y'"):
        reading.integer_rows(path, "x y")


@pytest.mark.parametrize(
    ("lines", "message"),
    [(["x,z", "1,2"], "no column 'y'"), (["x,y", "1,2", "3"], "row 3: the row is too short")],
)
def test_a_table_without_its_columns_is_refused(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    with pytest.raises(DatasetError, match=message):
        reading.table(write_lines(tmp_path / "a.csv", *lines), ("x", "y"))


def test_transparency_is_dropped_without_touching_the_colours(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(256, size=(8, 12, 4), dtype=np.uint8)
    Image.fromarray(colours).save(tmp_path / "a.png")

    assert np.array_equal(reading.rgb(tmp_path / "a.png"), colours[..., :3])


def test_the_size_of_an_image_is_width_and_height(tmp_path: Path) -> None:
    assert reading.image_size(write_image(tmp_path / "a.png", 12, 8)) == (12, 8)


@pytest.mark.parametrize("read", [reading.rgb, reading.grey, reading.image_size])
def test_a_missing_or_broken_image_is_refused(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    with pytest.raises(DatasetError, match="cannot read"):
        read(tmp_path / "absent.png")
    with pytest.raises(DatasetError, match="is no image"):
        read(write_lines(tmp_path / "a.png", "text"))


def test_variables_of_a_matlab_file_come_back_in_the_order_asked_for(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"one": [[1], [2]], "two": [[3.5, 4.5]]})

    two, one = reading.matrices(tmp_path / "a.mat", ("two", "one"))
    assert (two.tolist(), one.tolist()) == ([[3.5, 4.5]], [[1.0], [2.0]])


def test_a_matlab_file_that_cannot_serve_is_refused(tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "a.mat", {"one": [[1]], "words": "text"})
    for path, name, message in (
        (tmp_path / "absent.mat", "one", "cannot read"),
        (tmp_path / "a.mat", "two", "no variable 'two'"),
        (tmp_path / "a.mat", "words", "with numbers"),
        (write_lines(tmp_path / "b.mat", "no matrix" * 50), "one", "no MATLAB file"),
        (write_lines(tmp_path / "empty.mat"), "one", "no MATLAB file"),
    ):
        with pytest.raises(DatasetError, match=message):
            reading.matrices(path, (name,))


def test_arrays_stay_on_the_disk_and_hold_no_objects(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(6))
    assert isinstance(reading.mapped_array(tmp_path / "a.npy"), np.memmap)

    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object))
    for name, message in (("objects", "no array of numbers"), ("absent", "cannot read")):
        with pytest.raises(DatasetError, match=message):
            reading.mapped_array(tmp_path / f"{name}.npy")
    with pytest.raises(DatasetError, match="no array of numbers"):
        reading.mapped_array(write_lines(tmp_path / "text.npy", "text"))
