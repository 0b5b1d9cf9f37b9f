"""The bone marrow of Graz comes in below its header line, by patient, in the authors' split."""

from pathlib import Path

import numpy as np
import pytest

from patherea_core.errors import DatasetError, TaxonomyError
from tests.training.importers.layouts import DATA, cells, image, needs, write_image, write_lines
from training.importers.bone_marrow import read
from training.importers.reading import grey


def made(folder: Path, *samples: str) -> Path:
    """Write the published layout with two nuclei an image."""
    for sample in samples:
        stem = f"BM_GRAZ_HE_{sample}"
        write_image(folder / "source" / f"{stem}.png", 12, 8)
        write_lines(folder / "annotations" / f"{stem}.txt", "2 3 0", "11 7 1", "0 3 3")
    return folder


def test_the_header_is_no_nucleus_and_both_types_are_nuclei(tmp_path: Path) -> None:
    dataset = read(made(tmp_path, "0001_01"))

    assert cells(image(dataset, "BM_GRAZ_HE_0001_01"), dataset) == [
        (0.5, 3.5, "nucleus"),
        (11.5, 7.5, "nucleus"),
    ]


def test_images_of_a_sample_are_of_one_patient_in_one_fold(tmp_path: Path) -> None:
    dataset = read(made(tmp_path, "0001_01", "0001_02", "0006_01", "0007_01", "0008_01", "0020_01"))

    assert [(one.patient, one.fold) for one in dataset.images] == [
        ("0001", "train"),
        ("0001", "train"),
        ("0006", "train"),
        ("0007", "test"),
        ("0008", "test"),
        ("0020", "test"),
    ]


@pytest.mark.parametrize(
    ("lines", "error", "message"),
    [
        (["3 3 0", "11 7 1"], DatasetError, "begins with '3 3 0', but has 1 rows below"),
        (["11 7 1"], DatasetError, "begins with '11 7 1', but has 0 rows below"),
        (["1 3 0", "11 7 4"], TaxonomyError, "class 4 is unknown"),
        (["1 3 0", "12 7 1"], DatasetError, "column 12, row 7 lies outside"),
        (["1 3 0", "11 7"], DatasetError, "row 2: '11 7' is not 'x y type'"),
    ],
)
def test_labels_that_cannot_be_are_refused_with_their_file(
    tmp_path: Path, lines: list[str], error: type[Exception], message: str
) -> None:
    made(tmp_path, "0001_01")
    write_lines(tmp_path / "annotations" / "BM_GRAZ_HE_0001_01.txt", *lines)
    with pytest.raises(error, match=rf"BM_GRAZ_HE_0001_01\.txt.*{message}"):
        read(tmp_path)


def test_an_unpublished_sample_and_an_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"0009_01\.png is none of the published samples"):
        read(made(tmp_path / "other", "0009_01"))
    (tmp_path / "source").mkdir()
    (tmp_path / "annotations").mkdir()
    with pytest.raises(DatasetError, match="no image to import"):
        read(tmp_path)


# The real files

needs_files = needs("bm-graz", "github.com/pkainz/MICCAI2015 (BM_GRAZ)")


@needs_files
def test_points_are_the_pixels_that_the_published_masks_mark() -> None:
    dataset = read(DATA / "bm-graz")

    assert sum(len(one.points) for one in dataset.images) == 1886
    for one in dataset.images:
        row, column = np.nonzero(grey(DATA / "bm-graz" / "annotations" / f"{one.name}.png"))
        marked = sorted((x + 0.5, y + 0.5, "nucleus") for x, y in zip(column, row, strict=True))
        assert cells(one, dataset) == marked
