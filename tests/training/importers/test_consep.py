"""CoNSeP comes in from both layouts, with its seven types or grouped as it was published."""

from pathlib import Path

import numpy as np
import pytest
import scipy.io

from patherea_core.errors import DatasetError, InputError, TaxonomyError
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
from training.importers.consep import GROUPINGS, read
from training.importers.published import PublishedDataset


def write_label(path: Path, centroids: list[list[float]], types: list[int]) -> None:
    """Write a label as Warwick does; the maps are not needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    column = np.array(types, dtype=np.float64).reshape(-1, 1)
    scipy.io.savemat(path, {"inst_type": column, "inst_centroid": np.array(centroids)})


def made(folder: Path) -> Path:
    """Write the layout of Warwick: every type once in train_1, no nucleus in test_1."""
    write_image(folder / "Train" / "Images" / "train_1.png", 12, 8)
    write_label(
        folder / "Train" / "Labels" / "train_1.mat",
        [[float(number), 0.25] for number in range(1, 8)],
        list(range(1, 8)),
    )
    write_image(folder / "Test" / "Images" / "test_1.png", 12, 8)
    write_label(folder / "Test" / "Labels" / "test_1.mat", [], [])
    return folder


def made_at_20x(folder: Path) -> Path:
    """Write the layout at 20x with two cells in one image and none in the other."""
    write_image(folder / "images" / "train_1.png", 12, 8)
    write_image(folder / "images" / "train_2.png", 12, 8)
    write_lines(
        folder / "points.csv",
        "image,x,y,class",
        "train_1.png,11,7,stromal",
        "train_1.png,0,3,epithelial",
    )
    return folder


def test_centroids_of_pixel_indices_move_by_half_a_pixel(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))

    assert dataset.taxonomy.names == GROUPINGS["none"]
    assert cells(image(dataset, "train_1"), dataset) == [
        (number + 0.5, 0.75, name) for number, name in enumerate(GROUPINGS["none"], start=1)
    ]
    assert (dataset.mpp, dataset.folds) == (0.25, ("train", "test"))
    assert (image(dataset, "test_1").fold, len(image(dataset, "test_1").points)) == ("test", 0)


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_grouping_renames_cells_and_loses_none(tmp_path: Path, grouping: str) -> None:
    dataset = read(made(tmp_path), grouping=grouping)

    found = cells(image(dataset, "train_1"), dataset)
    assert tuple(name for _, _, name in found) == GROUPINGS[grouping]


def test_hovernet_and_mcspatnet_group_as_published(tmp_path: Path) -> None:
    made(tmp_path)
    hovernet, mcspatnet = read(tmp_path, "hovernet"), read(tmp_path, "mcspatnet")

    assert hovernet.taxonomy.names == ("other", "inflammatory", "epithelial", "spindle-shaped")
    assert counts(hovernet.images, 4) == [1, 1, 2, 3]
    assert mcspatnet.taxonomy.names == ("inflammatory", "epithelial", "stromal")
    assert counts(mcspatnet.images, 3) == [1, 2, 4]


def test_the_table_at_20x_is_read_with_its_images(tmp_path: Path) -> None:
    dataset = read(made_at_20x(tmp_path))

    assert cells(image(dataset, "train_1"), dataset) == [
        (0.5, 3.5, "epithelial"),
        (11.5, 7.5, "stromal"),
    ]
    assert len(image(dataset, "train_2").points) == 0
    assert (dataset.mpp, dataset.folds) == (0.5, ("train",))


def test_types_that_are_grouped_already_are_not_grouped_anew(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="grouped as MCSpatNet's already"):
        read(made_at_20x(tmp_path), grouping="none")
    with pytest.raises(InputError, match="no grouping 'mine'; choose from none, hovernet"):
        read(tmp_path, grouping="mine")


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ("train_1.png,3,3,tumour", TaxonomyError, "row 2: class 'tumour' is unknown"),
        ("train_1.png,3,y,stromal", DatasetError, "row 2: '3', 'y' is not a position"),
        ("train_1.png,12,0,stromal", DatasetError, "column 12, row 0 lies outside"),
        ("train_9.png,3,3,stromal", DatasetError, r"names image train_9\.png"),
    ],
)
def test_a_row_that_cannot_be_is_refused(
    tmp_path: Path, row: str, error: type[Exception], message: str
) -> None:
    write_lines(made_at_20x(tmp_path) / "points.csv", "image,x,y,class", row)
    with pytest.raises(error, match=message):
        read(tmp_path)


def test_what_is_missing_or_contradictory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no image to import; CoNSeP holds"):
        read(tmp_path)
    made(tmp_path)
    label = tmp_path / "Train" / "Labels" / "train_1.mat"
    write_label(label, [[1.0, 1.0], [2.0, 2.0]], [1])
    with pytest.raises(DatasetError, match=r"train_1\.mat: 1 types do not fit"):
        read(tmp_path)
    write_label(label, [[1.0, 1.0]], [8])
    with pytest.raises(TaxonomyError, match=r"train_1\.mat: class 8 is unknown"):
        read(tmp_path)
    label.unlink()
    with pytest.raises(DatasetError, match="train_1 has an image or a label, but not both"):
        read(tmp_path)


# The real files

needs_files = needs("consep-20x", "github.com/TopoXLab/MCSpatNet (CoNSeP_train)")


@pytest.fixture(scope="module")
def dataset() -> PublishedDataset:
    return read(DATA / "consep-20x")


@needs_files
def test_counts_equal_the_table(dataset: PublishedDataset) -> None:
    assert len(dataset.images) == 27
    assert counts(dataset.images, 3) == [3941, 5537, 6077]


@needs_files
def test_points_lie_on_dark_nuclei(dataset: PublishedDataset) -> None:
    for one in dataset.images[::9]:
        right = darkness_at_points(one, swapped=False)
        assert right < darkness_at_points(one, swapped=True) - 10
