"""CRCHistoPhenotypes comes in from its MATLAB files; nuclei without a class are not background."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io
import shapely

from patherea_core.data.store import check, read_sample
from patherea_core.errors import DatasetError
from patherea_core.progress import Silent
from tests.training.importers.layouts import cells, image, write_image
from training.importers.crchistophenotypes import read
from training.importers.published import write_dataset

CLASSES = ("epithelial", "fibroblast", "inflammatory", "others")


def write_detection(path: Path, *rows: tuple[float, float]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {"detection": np.array(rows, dtype=float).reshape(-1, 2)})


def made(folder: Path, *, detection: bool = True) -> Path:
    """Write the published layout with two images; one nucleus of the first has no class."""
    for name in ("img1", "img10"):
        write_image(folder / "Classification" / name / f"{name}.bmp", 60, 40)
        for number, cell_class in enumerate(CLASSES):
            rows = [(1.0 + 10 * number, 8.25)] if number < 3 else []
            write_detection(folder / "Classification" / name / f"{name}_{cell_class}.mat", *rows)
        if detection:
            write_image(folder / "Detection" / name / f"{name}.bmp", 60, 40)
            unclassified = [(50.5, 30.5)] if name == "img1" else []
            path = folder / "Detection" / name / f"{name}_detection.mat"
            write_detection(path, (1.0, 8.25), (11.0, 8.25), (24.0, 8.25), *unclassified)
    return folder


def test_positions_of_matlab_move_by_half_a_pixel(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))
    assert cells(image(dataset, "img1"), dataset) == [
        (0.5, 7.75, "epithelial"),
        (10.5, 7.75, "fibroblast"),
        (20.5, 7.75, "inflammatory"),
    ]
    assert [one.name for one in dataset.images] == ["img1", "img10"]


def test_a_nucleus_without_a_class_is_cut_out_of_the_labelled_area(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))
    labelled = image(dataset, "img1").labelled
    assert labelled is not None
    hole = shapely.box(0, 0, 60, 40).difference(labelled)
    assert hole.bounds == pytest.approx((44, 24, 56, 36))
    assert image(dataset, "img10").labelled is None


def test_the_images_become_a_whole_dataset(tmp_path: Path) -> None:
    manifest = write_dataset(read(made(tmp_path / "published")), tmp_path / "d", Silent())
    check(tmp_path / "d")
    assert (manifest.mpp, manifest.fold_names) == (0.55, ("all",))
    assert 2280 < read_sample(tmp_path / "d", manifest, manifest.samples[0]).labelled.area < 2300


def test_without_all_nuclei_the_import_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = read(made(tmp_path, detection=False))
    assert "without the folder Detection" in caplog.text
    assert image(dataset, "img1").labelled is None


@pytest.mark.parametrize("place", [(0.25, 5), (60.5, 5), (5, np.nan)])
def test_what_is_no_place_in_the_image_is_left_out_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: tuple[float, float]
) -> None:
    made(tmp_path)
    write_detection(tmp_path / "Classification" / "img1" / "img1_others.mat", place, (30, 30))
    dataset = read(tmp_path)
    assert cells(image(dataset, "img1"), dataset)[-1] == (29.5, 29.5, "others")
    assert len(image(dataset, "img1").points) == 4
    assert "img1_others.mat: 1 positions" in caplog.text


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    made(tmp_path)
    path = tmp_path / "Classification" / "img1" / "img1_others.mat"
    scipy.io.savemat(path, {"detection": np.ones((2, 3))})
    with pytest.raises(DatasetError, match=r"img1_others.mat: 'detection' must be \(N, 2\)"):
        read(tmp_path)
    path.unlink()
    with pytest.raises(DatasetError, match=r"img1_others.mat"):
        read(tmp_path)
    with pytest.raises(DatasetError, match="no folder 'Classification'"):
        read(tmp_path / "Detection")
