"""BRCA-M2C comes in as it was published: classes, splits, positions, and its two leaks."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from patherea_core.data.label_checks import leaking_patients
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.progress import Silent
from tests.training.importers.layouts import (
    DATA,
    cells,
    counts,
    darkness_at_points,
    image,
    needs,
    write_image,
    write_lines,
)
from training.importers.brca_m2c import read
from training.importers.published import PublishedDataset, write_dataset

TRAIN, VAL, TEST = "TCGA-A7-A0DB-01Z-00-DX2_1", "TCGA-A7-A0DB-01Z-00-DX1_2", "TCGA-AB-0001-01Z_3"


def made(folder: Path) -> Path:
    """Write the published layout with one image a split."""
    for fold, stem in (("train", TRAIN), ("val", VAL), ("test", TEST)):
        write_lines(folder / f"brca_ds_{fold}.txt", f"{stem}.png")
        write_image(folder / "images" / f"{stem}.png", 12, 8)
        write_lines(folder / "labels" / f"{stem}_gt_class_coords.txt", "7 11 1", "0 0 2", "2 3 3")
    return folder


def test_rows_name_y_first_and_the_middle_of_the_pixel_is_meant(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))

    assert cells(image(dataset, VAL), dataset) == [
        (0.5, 0.5, "epithelial"),
        (3.5, 2.5, "stromal"),
        (11.5, 7.5, "lymphocyte"),
    ]
    assert dataset.taxonomy.names == ("lymphocyte", "epithelial", "stromal")


def test_splits_keep_their_names_and_order_and_patients_come_from_barcodes(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))

    assert dataset.folds == ("train", "val", "test")
    assert [(one.fold, one.patient) for one in dataset.images] == [
        ("train", "TCGA-A7-A0DB"),
        ("val", "TCGA-A7-A0DB"),
        ("test", "TCGA-AB-0001"),
    ]


def test_a_split_without_its_list_is_left_out_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (made(tmp_path) / "brca_ds_test.txt").unlink()
    with caplog.at_level(logging.WARNING):
        dataset = read(tmp_path)

    assert dataset.folds == ("train", "val")
    assert TEST in caplog.text


def test_what_is_missing_or_contradictory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="there is no folder"):
        read(tmp_path / "absent")
    with pytest.raises(DatasetError, match="no folder 'images'; BRCA-M2C holds"):
        read(tmp_path)
    made(tmp_path)
    write_lines(tmp_path / "brca_ds_val.txt", f"{VAL}.png", f"{TRAIN}.png")
    with pytest.raises(DatasetError, match=r"was named before, in train"):
        read(tmp_path)
    made(tmp_path)
    (tmp_path / "labels" / f"{VAL}_gt_class_coords.txt").unlink()
    with pytest.raises(DatasetError, match="is missing"):
        read(tmp_path)
    for fold in ("train", "val", "test"):
        (tmp_path / f"brca_ds_{fold}.txt").unlink()
    with pytest.raises(DatasetError, match="no list of a split"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("8 3 1", DatasetError, "column 3, row 8 lies outside"),
        ("3 3 4", TaxonomyError, "class 4 is unknown"),
        ("3 3", DatasetError, "row 1"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_with_its_file(
    tmp_path: Path, line: str, error: type[Exception], message: str
) -> None:
    write_lines(made(tmp_path) / "labels" / f"{VAL}_gt_class_coords.txt", line)
    with pytest.raises(error, match=rf"{VAL}_gt_class_coords\.txt.*{message}"):
        read(tmp_path)


# The real files

needs_files = needs("brca-m2c", "github.com/TopoXLab/Dataset-BRCA-M2C")


@pytest.fixture(scope="module")
def dataset() -> PublishedDataset:
    return read(DATA / "brca-m2c")


@needs_files
def test_counts_equal_the_published_table(dataset: PublishedDataset) -> None:
    found = {fold: [one for one in dataset.images if one.fold == fold] for fold in ("train", "val")}

    assert {fold: len(images) for fold, images in found.items()} == {"train": 80, "val": 10}
    assert counts(found["train"], 3) == [3541, 9956, 5150]
    assert counts(found["val"], 3) == [1358, 733, 1042]
    assert len({one.patient for one in found["train"]}) == 75


@needs_files
def test_every_point_is_the_middle_of_the_pixel_that_its_row_names(
    dataset: PublishedDataset,
) -> None:
    names = {1: "lymphocyte", 2: "epithelial", 3: "stromal"}
    for one in dataset.images:
        path = DATA / "brca-m2c" / "labels" / f"{one.name}_gt_class_coords.txt"
        rows = np.loadtxt(path, dtype=int, ndmin=2).tolist()
        assert cells(one, dataset) == sorted((x + 0.5, y + 0.5, names[c]) for y, x, c in rows)


@needs_files
def test_points_lie_on_dark_nuclei(dataset: PublishedDataset) -> None:
    for one in dataset.images[::20]:
        right = darkness_at_points(one, swapped=False)
        assert right < darkness_at_points(one, swapped=True) - 10


@needs_files
def test_two_patients_leak(dataset: PublishedDataset, tmp_path: Path) -> None:
    blank = np.zeros((600, 600, 3), dtype=np.uint8)
    images = [replace(one, read=lambda: blank) for one in dataset.images]
    manifest = write_dataset(replace(dataset, images=images), tmp_path / "d", Silent())

    assert leaking_patients(manifest) == {
        "TCGA-A7-A0DB": ("train", "val"),
        "TCGA-A7-A13G": ("train", "val"),
    }
