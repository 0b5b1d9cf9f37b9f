"""PanNuke comes in from its arrays: a mask of numbered nuclei for each class."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from patherea_core.data.store import check, read_sample
from patherea_core.errors import DatasetError
from patherea_core.progress import Silent
from tests.training.importers.layouts import cells, image
from training.importers import pannuke
from training.importers.pannuke import read
from training.importers.published import write_dataset

SIDE = 16


def made(folder: Path, *, folds: tuple[int, ...] = (1, 2, 3)) -> Path:
    """Write the published layout with two patches a fold, smaller than the published ones."""
    for number in folds:
        images = np.full((2, SIDE, SIDE, 3), 200.0)
        images[1, 3, 5] = (10, 20, 30)
        masks = np.zeros((2, SIDE, SIDE, 6))
        masks[..., 5] = 1
        masks[1, 2:4, 4:8, 0] = 7
        masks[1, 0, 0, 0] = 9
        masks[1, 10, 12:15, 4] = 7
        write_array(folder / f"Fold {number}" / "images" / f"fold{number}" / "images.npy", images)
        tissues = np.array(["Breast", "Bile-duct"])
        write_array(folder / f"Fold {number}" / "images" / f"fold{number}" / "types.npy", tissues)
        write_array(folder / f"Fold {number}" / "masks" / f"fold{number}" / "masks.npy", masks)
    return folder


def write_array(path: Path, array: npt.NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array, allow_pickle=True)


def test_nuclei_become_the_centroids_of_their_pixels(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))
    assert cells(image(dataset, "fold1-0001-bile-duct"), dataset) == [
        (0.5, 0.5, "neoplastic"),
        (6.0, 3.0, "neoplastic"),
        (13.5, 10.5, "epithelial"),
    ]
    assert not len(image(dataset, "fold2-0000-breast").points)


def test_patches_and_folds_come_back(tmp_path: Path) -> None:
    manifest = write_dataset(read(made(tmp_path / "published")), tmp_path / "d", Silent())
    check(tmp_path / "d")
    assert manifest.fold_names == ("fold_1", "fold_2", "fold_3")
    pixels = read_sample(tmp_path / "d", manifest, manifest.samples[1]).pixels
    assert pixels[3, 5].tolist() == [10, 20, 30]
    assert pixels[0, 0].tolist() == [200, 200, 200]


def test_a_fold_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    assert read(made(tmp_path, folds=(2,))).folds == ("fold_2",)
    with pytest.raises(DatasetError, match="has no fold"):
        read(tmp_path / "Fold 2")


def test_tissues_that_are_objects_are_never_unpickled(tmp_path: Path) -> None:
    made(tmp_path, folds=(1,))
    types = tmp_path / "Fold 1" / "images" / "fold1" / "types.npy"
    write_array(types, np.array(["Breast", "Colon"], dtype=object))
    assert [one.name for one in read(tmp_path).images] == ["fold1-0000", "fold1-0001"]
    types.unlink()
    assert [one.name for one in read(tmp_path).images] == ["fold1-0000", "fold1-0001"]


def test_arrays_that_do_not_fit_are_named(tmp_path: Path) -> None:
    made(tmp_path, folds=(1,))
    masks = tmp_path / "Fold 1" / "masks" / "fold1" / "masks.npy"
    write_array(masks, np.zeros((2, SIDE, SIDE, 5)))
    with pytest.raises(DatasetError, match=r"masks.npy must be \(2, 16, 16, 6\) like the images"):
        read(tmp_path)
    write_array(tmp_path / "Fold 1" / "images" / "fold1" / "images.npy", np.zeros((2, SIDE)))
    with pytest.raises(DatasetError, match=r"images.npy must be \(N, 256, 256, 3\)"):
        read(tmp_path)


@given(arrays(np.float64, (5, 7), elements=st.sampled_from([0.0, 1.0, 2.0, 40.0])))
def test_centroids_are_those_of_scipy(numbers: npt.NDArray[np.float64]) -> None:
    present = [number for number in (1, 2, 40) if (numbers == number).any()]
    wanted = ndimage.center_of_mass(np.ones_like(numbers), numbers, present)
    found = pannuke._centroids(numbers)
    assert found.shape == (len(present), 2)
    assert np.allclose(found[:, ::-1], np.array(wanted).reshape(-1, 2))
