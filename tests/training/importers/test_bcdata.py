"""BCData comes in from its published layout: two files of coordinates for each image."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType

import numpy as np
import numpy.typing as npt
import pytest

from patherea_core.data.store import check
from patherea_core.errors import DatasetError, InputError
from patherea_core.progress import Silent
from tests.training.importers.layouts import cells, image, write_image
from training.importers.bcdata import read
from training.importers.published import write_dataset

Write = Callable[[Path, str, npt.NDArray[np.int64]], None]


class Archive:
    """Stands for an HDF5 file where the package that reads those is not installed."""

    def __init__(self, path: Path, _mode: str) -> None:
        self._arrays = np.load(path)

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._arrays.close()

    def __getitem__(self, name: str) -> npt.NDArray[np.int64]:
        array: npt.NDArray[np.int64] = self._arrays[name]
        return array


def _write_archive(path: Path, name: str, array: npt.NDArray[np.int64]) -> None:
    with path.open("wb") as file:
        np.savez(file, **{name: array})  # type: ignore[arg-type]  # the stubs expect a flag here


def _write_hdf5(path: Path, name: str, array: npt.NDArray[np.int64]) -> None:
    with importlib.import_module("h5py").File(path, "w") as file:
        file[name] = array


@pytest.fixture
def write(monkeypatch: pytest.MonkeyPatch) -> Write:
    """Return what writes an array: as HDF5 where h5py is installed, else so that a stand-in reads it."""
    if importlib.util.find_spec("h5py"):
        return _write_hdf5
    stand_in = ModuleType("h5py")
    stand_in.File = Archive  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "h5py", stand_in)
    return _write_archive


def made(folder: Path, write: Write) -> Path:
    """Write the published layout with image 10 in each split, as the numbers begin anew."""
    for fold in ("train", "validation", "test"):
        write_image(folder / "images" / fold / "10.png", 12, 8)
        for name, rows in (("positive", [[2, 1], [11, 7]]), ("negative", [[0, 5]])):
            path = folder / "annotations" / fold / name / "10.h5"
            path.parent.mkdir(parents=True)
            write(path, "coordinates", np.array(rows))
    return folder


def test_pixels_become_positions_in_their_middles(tmp_path: Path, write: Write) -> None:
    dataset = read(made(tmp_path, write))
    assert dataset.taxonomy.names == ("positive", "negative")
    assert cells(image(dataset, "train-10"), dataset) == [
        (0.5, 5.5, "negative"),
        (2.5, 1.5, "positive"),
        (11.5, 7.5, "positive"),
    ]


def test_the_published_split_becomes_folds_of_a_whole_dataset(tmp_path: Path, write: Write) -> None:
    dataset = read(made(tmp_path / "published", write))
    manifest = write_dataset(dataset, tmp_path / "d", Silent())
    check(tmp_path / "d")
    assert manifest.fold_names == ("train", "validation", "test")
    assert [sample.fold for sample in manifest.samples] == [0, 1, 2]
    assert "not published" in manifest.lineage["mpp"]


@pytest.mark.parametrize("empty", [np.empty((0, 2), dtype=int), np.empty(0, dtype=int)])
def test_an_image_without_cells_is_read(
    tmp_path: Path, write: Write, empty: npt.NDArray[np.int64]
) -> None:
    made(tmp_path, write)
    for name in ("positive", "negative"):
        write(tmp_path / "annotations" / "test" / name / "10.h5", "coordinates", empty)
    assert not len(image(read(tmp_path), "test-10").points)


def test_what_cannot_be_read_is_named(tmp_path: Path, write: Write) -> None:
    made(tmp_path, write)
    path = tmp_path / "annotations" / "train" / "negative" / "10.h5"
    write(path, "centres", np.array([[1, 1]]))
    with pytest.raises(DatasetError, match=r"negative/10.h5 has no array 'coordinates'"):
        read(tmp_path)
    write(path, "coordinates", np.array([[1, 1, 1]]))
    with pytest.raises(DatasetError, match=r"must be \(N, 2\), not \(1, 3\)"):
        read(tmp_path)
    write(path, "coordinates", np.array([[12, 1]]))
    with pytest.raises(DatasetError, match="column 12, row 1 lies outside"):
        read(tmp_path)
    path.write_bytes(b"nonsense")
    with pytest.raises(DatasetError, match=r"cannot read .*negative/10.h5 as HDF5"):
        read(tmp_path)
    path.unlink()
    with pytest.raises(DatasetError, match=r"cannot read .*negative/10.h5"):
        read(tmp_path)
    with pytest.raises(DatasetError, match="no folder 'images'"):
        read(tmp_path / "annotations")


def test_without_the_reader_of_hdf5_one_sentence_says_what_to_install(
    tmp_path: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, write)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match="pip install h5py"):
        read(tmp_path)
