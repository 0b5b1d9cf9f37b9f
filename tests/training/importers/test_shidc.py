"""SHIDC-BC-Ki-67 comes in with its classes, its split where the files have one, and a known fault."""

import json
import logging
from pathlib import Path

import pytest

from patherea_core.errors import DatasetError, TaxonomyError
from tests.training.importers.layouts import (
    DATA,
    cells,
    counts,
    image,
    needs,
    write_image,
    write_lines,
)
from training.importers.published import PublishedDataset
from training.importers.shidc import read

LABELS = [(11, 7, 1), (0, 0, 2), (3, 2, 3)]


def write_field(images: Path, labels: Path, stem: str, rows: list[tuple[int, int, int]]) -> None:
    """Write a camera field and its labels."""
    write_image(images / f"{stem}.jpg", 12, 8)
    text = json.dumps([{"x": x, "y": y, "label_id": code} for x, y, code in rows])
    write_lines(labels / f"{stem}.json", text)


def made(folder: Path) -> Path:
    """Write the published layout, image and labels side by side."""
    write_field(folder / "Train", folder / "Train", "p1_0001_2", LABELS)
    write_field(folder / "Test", folder / "Test", "p2_0002_1", [])
    return folder


def test_cells_classes_and_split_come_back(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))

    assert cells(image(dataset, "p1_0001_2"), dataset) == [
        (0.5, 0.5, "negative"),
        (3.5, 2.5, "til"),
        (11.5, 7.5, "positive"),
    ]
    assert dataset.folds == ("train", "test")
    assert [(one.fold, one.patient) for one in dataset.images] == [("train", "p1"), ("test", "p2")]


def test_copies_with_images_and_labels_apart_are_one_fold(tmp_path: Path) -> None:
    write_field(tmp_path / "images", tmp_path / "labels", "p1_0001_2", LABELS)
    dataset = read(tmp_path)

    assert dataset.folds == ("all",)
    assert counts(dataset.images, 3) == [1, 1, 1]


def test_a_cell_with_two_classes_is_kept_twice_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_field(tmp_path / "Train", tmp_path / "Train", "p1_0001_2", [(3, 2, 1), (3, 2, 2)])
    with caplog.at_level(logging.WARNING):
        dataset = read(tmp_path)

    assert counts(dataset.images, 3) == [1, 1, 0]
    assert "p1_0001_2.json: the cell at column 3, row 2 has two classes" in caplog.text


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("{", DatasetError, "is no list of cells"),
        ('[{"x": 1, "y": 2}]', DatasetError, "is no list of cells"),
        ('[{"x": "a", "y": 2, "label_id": 1}]', DatasetError, "is no list of cells"),
        ('[{"x": 1.5, "y": 2, "label_id": 1}]', DatasetError, "is no list of cells"),
        ("7", DatasetError, "is no list of cells"),
        ('[{"x": 1, "y": 2, "label_id": 4}]', TaxonomyError, "class 4 is unknown"),
        ('[{"x": 1, "y": 8, "label_id": 1}]', DatasetError, "column 1, row 8 lies outside"),
    ],
)
def test_labels_that_cannot_be_are_refused_with_their_file(
    tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    write_lines(made(tmp_path) / "Train" / "p1_0001_2.json", text)
    with pytest.raises(error, match=rf"p1_0001_2\.json.*{message}"):
        read(tmp_path)


def test_an_image_without_labels_is_refused(tmp_path: Path) -> None:
    (made(tmp_path) / "Test" / "p2_0002_1.json").unlink()
    with pytest.raises(DatasetError, match=r"p2_0002_1 has a \.jpg or a \.json, but not both"):
        read(tmp_path)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no image to import; SHIDC-BC-Ki-67 holds Train/"):
        read(tmp_path)


# The real files

needs_files = needs("ki67-shidc", "SHIDC-BC-Ki-67")


@pytest.fixture(scope="module")
def dataset() -> PublishedDataset:
    return read(DATA / "ki67-shidc")


@needs_files
def test_counts_equal_the_table(dataset: PublishedDataset) -> None:
    assert len(dataset.images) == 27
    assert counts(dataset.images, 3) == [416, 2471, 355]
    assert {one.patient for one in dataset.images} == {"p1", "p2", "p22"}


@needs_files
def test_one_cell_has_two_classes(dataset: PublishedDataset) -> None:
    found = cells(image(dataset, "p1_0299_9"), dataset)
    assert [name for x, y, name in found if (x, y) == (14.5, 455.5)] == ["negative", "positive"]
