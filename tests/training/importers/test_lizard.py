"""Lizard and CoNIC come in from their own layouts with the same six classes."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.label_checks import leaking_patients
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.progress import Silent
from tests.training.importers.layouts import cells, image, write_image, write_lines
from training.importers.lizard import read
from training.importers.published import write_dataset

CLASSES = ("neutrophil", "epithelial", "lymphocyte", "plasma", "eosinophil", "connective")


def write_label(path: Path, centroids: list[list[float]], classes: list[int]) -> None:
    """Write a label as published; the maps and boxes are not needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    column = np.array(classes, dtype=np.uint8).reshape(-1, 1)
    scipy.io.savemat(path, {"class": column, "centroid": np.array(centroids)})


def made(folder: Path) -> Path:
    """Write the published layout of Lizard as its archives unpack, with one image a split."""
    labels = folder / "lizard_labels" / "Lizard_Labels"
    write_lines(
        labels / "info.csv",
        "Filename,Source,Split",
        "dpath_1,18-13347A_2019-05-08 01_31_58-lv1-14057-17758-5693-6244,3",
        "dpath_2,18-13347A_2019-05-08 01_31_58-lv1-14057-17758-5693-6244_1,2",
        "glas_1,testB_10,1",
    )
    for number, stem in ((1, "dpath_1"), (2, "dpath_2"), (2, "glas_1")):
        top = folder / f"lizard_images{number}" / f"Lizard_Images{number}"
        write_image(top / f"{stem}.png", 12, 8)
        write_label(labels / "Labels" / f"{stem}.mat", [], [])
    centroids = [[1.5 * number, 7.25] for number in range(6)]
    write_label(labels / "Labels" / "glas_1.mat", centroids, [1, 2, 3, 4, 5, 6])
    return folder


def test_centroids_of_pixel_indices_move_by_half_a_pixel(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))

    assert dataset.taxonomy.names == CLASSES
    assert cells(image(dataset, "glas_1"), dataset) == [
        (1.5 * number + 0.5, 7.75, name) for number, name in enumerate(CLASSES)
    ]


def test_splits_are_folds_and_the_same_scan_in_two_of_them_leaks(tmp_path: Path) -> None:
    dataset = read(made(tmp_path / "published"))
    manifest = write_dataset(dataset, tmp_path / "d", Silent())

    assert dataset.folds == ("fold_1", "fold_2", "fold_3")
    assert [one.fold for one in dataset.images] == ["fold_3", "fold_2", "fold_1"]
    assert leaking_patients(manifest) == {"18-13347A_2019-05-08 01_31_58": ("fold_2", "fold_3")}


def test_files_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"holds 0 files info\.csv, not one; Lizard holds"):
        read(tmp_path)
    info = made(tmp_path) / "lizard_labels" / "Lizard_Labels" / "info.csv"
    label = info.parent / "Labels" / "glas_1.mat"
    write_label(label, [[1.0, 1.0], [2.0, 2.0]], [1])
    with pytest.raises(DatasetError, match=r"glas_1\.mat: 1 classes do not fit"):
        read(tmp_path)
    write_label(label, [[1.0, 1.0]], [7])
    with pytest.raises(TaxonomyError, match=r"glas_1\.mat: class 7 is unknown"):
        read(tmp_path)
    write_label(label, [[1.0, 7.75]], [1])
    with pytest.raises(DatasetError, match=r"glas_1\.mat: the cell at column 1, row 7.75 lies out"):
        read(tmp_path)
    write_lines(info, "Filename,Source,Split", "glas_1,testB_10,4")
    with pytest.raises(DatasetError, match="glas_1 is in split '4', not 1, 2 or 3"):
        read(tmp_path)
    write_lines(info, "Filename,Source,Split", "glas_9,testB_10,1")
    with pytest.raises(DatasetError, match="names image glas_9, which no folder"):
        read(tmp_path)


# CoNIC


def write_conic(folder: Path, labels: npt.NDArray[np.uint16], names: list[str]) -> Path:
    """Write the published layout of CoNIC with patches of random pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    np.save(
        folder / "images.npy",
        random.integers(256, size=(*labels.shape[:3], 3), dtype=np.uint8),
    )
    np.save(folder / "labels.npy", labels)
    write_lines(folder / "patch_info.csv", "patch_info", *names)
    return folder


def drawn(*nuclei: tuple[slice, slice, int]) -> npt.NDArray[np.uint16]:
    """Return the (1, 8, 12, 2) label of one patch from rows, columns and class of each nucleus."""
    label = np.zeros((1, 8, 12, 2), dtype=np.uint16)
    for number, (rows, columns, code) in enumerate(nuclei, start=1):
        label[0, rows, columns] = (number, code)
    return label


def test_a_nucleus_is_a_point_in_the_middle_of_its_pixels(tmp_path: Path) -> None:
    label = drawn((slice(0, 2), slice(0, 4), 6), (slice(7, 8), slice(11, 12), 1))
    dataset = read(write_conic(tmp_path, label, ["glas_1-0000"]))

    (only,) = dataset.images
    assert cells(only, dataset) == [(2.0, 1.0, "connective"), (11.5, 7.5, "neutrophil")]
    assert (only.patient, only.fold, dataset.folds) == ("glas_1", "all", ("all",))
    assert np.array_equal(only.read(), np.load(tmp_path / "images.npy")[0])


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_centroids_and_classes_equal_those_found_nucleus_by_nucleus(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    random = np.random.default_rng(seed)
    number = random.integers(0, 9, size=(8, 12))
    codes = np.concatenate([[0], random.integers(1, 7, size=8)])
    label = np.stack([number * 3, codes[number]], axis=2).astype(np.uint16)[np.newaxis]
    dataset = read(write_conic(tmp_path_factory.mktemp("conic"), label, ["crag_1-0000"]))

    expected = []
    for value in sorted(set(number[number > 0].tolist())):
        row, column = np.nonzero(number == value)
        expected.append((column.mean() + 0.5, row.mean() + 0.5, CLASSES[codes[value] - 1]))
    found = cells(dataset.images[0], dataset)
    assert [name for *_, name in found] == [name for *_, name in sorted(expected)]
    assert np.allclose([xy[:2] for xy in found], [xy[:2] for xy in sorted(expected)])


def test_an_empty_patch_has_no_point(tmp_path: Path) -> None:
    dataset = read(write_conic(tmp_path, drawn(), ["glas_1-0000"]))

    assert len(dataset.images[0].points) == 0


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="2 names, images of shape"):
        read(write_conic(tmp_path, drawn(), ["a-0", "a-1"]))
    with pytest.raises(DatasetError, match=r"labels \(N, H, W, 2\), not"):
        read(write_conic(tmp_path, drawn()[..., :1], ["a-0"]))
    unclassed = drawn((slice(0, 2), slice(0, 4), 0))
    with pytest.raises(TaxonomyError, match=r"labels\.npy, a-0: class 0 is unknown"):
        read(write_conic(tmp_path, unclassed, ["a-0"]))
    np.save(tmp_path / "labels.npy", np.array([None]), allow_pickle=True)
    with pytest.raises(DatasetError, match="is no array of numbers"):
        read(tmp_path)
