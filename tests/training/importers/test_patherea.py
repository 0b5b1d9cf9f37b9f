"""A part of Patherea comes in with a point for each dot of its masks, and all folds or one."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import DatasetError
from tests.training.importers.layouts import cells, image, write_image, write_lines, write_pixels
from training.importers.patherea import read

CLASSES = (
    "positive_tumor_cell",
    "negative_tumor_cell",
    "normal_cell",
    "others_positive",
    "others_negative",
)


def write_mask(folder: Path, stem: str, class_name: str, *dots: tuple[int, int]) -> None:
    """Write the mask of a class with white pixels at some columns and rows."""
    mask = np.zeros((8, 12), dtype=np.uint8)
    for column, row in dots:
        mask[row, column] = 255
    write_pixels(folder / "labels" / f"{stem}_{class_name}.png", mask)


def made(folder: Path) -> Path:
    """Write the published layout with three folds of one image each."""
    for stem in ("a", "b", "c"):
        write_image(folder / "images" / f"{stem}.png", 12, 8)
        for class_name in CLASSES:
            write_mask(folder, stem, class_name)
    for number, stem in enumerate("abc", start=1):
        rest = [f"{other}.png" for other in "abc" if other != stem]
        write_lines(folder / "folds" / f"fold_{number}_test.txt", f"{stem}.png")
        write_lines(folder / "folds" / f"fold_{number}_train.txt", *rest)
    return folder


def test_a_dot_is_a_cell_of_the_class_of_its_mask(tmp_path: Path) -> None:
    made(tmp_path)
    write_mask(tmp_path, "b", "positive_tumor_cell", (11, 7), (0, 3))
    write_mask(tmp_path, "b", "others_negative", (4, 5))
    dataset = read(tmp_path)

    assert dataset.taxonomy.names == CLASSES
    assert cells(image(dataset, "b"), dataset) == [
        (0.5, 3.5, "positive_tumor_cell"),
        (4.5, 5.5, "others_negative"),
        (11.5, 7.5, "positive_tumor_cell"),
    ]


def test_a_disc_is_one_cell_in_its_middle(tmp_path: Path) -> None:
    made(tmp_path)
    write_mask(tmp_path, "a", "normal_cell", (4, 3), (5, 3), (4, 4), (5, 4), (6, 5))
    dataset = read(tmp_path)

    ((x, y, name),) = cells(image(dataset, "a"), dataset)
    assert (x, y) == pytest.approx((5.3, 4.3))
    assert name == "normal_cell"


@settings(max_examples=20)
@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=12))
def test_dots_that_do_not_touch_are_found_one_by_one(
    tmp_path_factory: pytest.TempPathFactory, places: set[tuple[int, int]]
) -> None:
    folder = made(tmp_path_factory.mktemp("part"))
    write_mask(folder, "a", "normal_cell", *((2 * x, 2 * y) for x, y in places))
    dataset = read(folder)

    assert cells(image(dataset, "a"), dataset) == sorted(
        (2 * x + 0.5, 2 * y + 0.5, "normal_cell") for x, y in places
    )


def test_an_image_belongs_to_the_fold_that_tests_it(tmp_path: Path) -> None:
    dataset = read(made(tmp_path / "Patherea_LNET_224_v1.1"))

    assert dataset.name == "patherea_lnet_224_v1.1"
    assert dataset.folds == ("fold_1", "fold_2", "fold_3")
    assert [(one.name, one.fold) for one in dataset.images] == [
        ("a", "fold_1"),
        ("b", "fold_2"),
        ("c", "fold_3"),
    ]


def test_one_fold_is_its_two_lists(tmp_path: Path) -> None:
    dataset = read(made(tmp_path), fold=2)

    assert dataset.folds == ("train", "test")
    assert {one.name: one.fold for one in dataset.images} == {
        "a": "train",
        "c": "train",
        "b": "test",
    }


def test_folds_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    folds = made(tmp_path) / "folds"
    write_lines(folds / "fold_1_train.txt", "b.png")
    with pytest.raises(DatasetError, match=r"fold_1_train\.txt is not what .* differ in c\.png"):
        read(tmp_path)
    write_lines(folds / "fold_2_test.txt", "a.png")
    with pytest.raises(DatasetError, match=r"a\.png is tested in fold_1 and in fold_2"):
        read(tmp_path)
    write_lines(folds / "fold_3_test.txt", "a.png")
    with pytest.raises(DatasetError, match=r"a\.png was named before, in train"):
        read(tmp_path, fold=3)
    with pytest.raises(DatasetError, match=r"fold_4_train.txt is missing"):
        read(tmp_path, fold=4)
    for path in folds.iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match="names no image to test"):
        read(tmp_path)


def test_masks_that_cannot_be_are_refused_with_their_file(tmp_path: Path) -> None:
    mask = made(tmp_path) / "labels" / "b_normal_cell.png"
    for pixels, message in (
        (np.full((8, 12), 128, dtype=np.uint8), "values between 0 and 255"),
        (np.zeros((8, 11), dtype=np.uint8), "is 11 × 8 pixels, its image"),
    ):
        write_pixels(mask, pixels)
        with pytest.raises(DatasetError, match=rf"b_normal_cell\.png.*{message}"):
            read(tmp_path)
    mask.unlink()
    with pytest.raises(DatasetError, match=r"cannot read .*b_normal_cell\.png"):
        read(tmp_path)
