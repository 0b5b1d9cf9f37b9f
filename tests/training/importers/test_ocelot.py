"""OCELOT comes in from its published layout: the cell patches, and whose they are."""

import json
from pathlib import Path

import pytest

from patherea_core.data.label_checks import leaking_patients
from patherea_core.data.store import check
from patherea_core.errors import DatasetError, TaxonomyError
from patherea_core.progress import Silent
from tests.training.importers.layouts import cells, image, write_image, write_lines
from training.importers.ocelot import read
from training.importers.published import write_dataset


def made(folder: Path, mpp: float = 0.2) -> Path:
    """Write the published layout with one pair of patches in each split."""
    pairs = {}
    for stem, fold in (("001", "train"), ("401", "val"), ("538", "test")):
        for kind in ("cell", "tissue"):
            write_image(folder / "images" / fold / kind / f"{stem}.jpg", 12, 8)
        write_lines(folder / "annotations" / fold / "cell" / f"{stem}.csv", "3,5,1", "11,0,2")
        patch = {"x_start": 0, "y_start": 0, "x_end": 10, "y_end": 10, "resized_mpp_x": mpp}
        pairs[stem] = {
            "slide_name": f"TCGA-2L-A{stem}-01Z-00-DX1.F3E",
            "mpp_x": 0.2517,
            "mpp_y": 0.2517,
            "cell": {**patch, "resized_mpp_y": mpp},
            "tissue": {**patch, "resized_mpp_x": 4 * mpp, "resized_mpp_y": 4 * mpp},
            "patch_x_offset": 0.4,
            "patch_y_offset": 0.6,
        }
    write_metadata(folder, {"sample_pairs": pairs})
    return folder


def write_metadata(folder: Path, content: object) -> None:
    (folder / "metadata.json").write_text(json.dumps(content))


def test_pixels_become_positions_in_their_middles(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))
    assert dataset.mpp == 0.2
    assert cells(image(dataset, "001"), dataset) == [
        (3.5, 5.5, "background cell"),
        (11.5, 0.5, "tumor cell"),
    ]


def test_cell_patches_become_a_whole_dataset_with_its_split(tmp_path: Path) -> None:
    manifest = write_dataset(read(made(tmp_path / "published")), tmp_path / "d", Silent())
    check(tmp_path / "d")
    assert manifest.fold_names == ("train", "val", "test")
    assert [sample.patient for sample in manifest.samples] == [
        "TCGA-2L-A001",
        "TCGA-2L-A401",
        "TCGA-2L-A538",
    ]
    assert not leaking_patients(manifest)


def test_an_image_without_cells_is_read(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "annotations" / "test" / "cell" / "538.csv").write_text("")
    assert not len(image(read(tmp_path), "538").points)


def test_another_pixel_size_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert read(made(tmp_path / "same", mpp=0.1998)).mpp == 0.2
    assert not caplog.messages
    assert read(made(tmp_path / "other", mpp=0.25)).mpp == 0.2
    assert "image 001 has 0.25 µm per pixel" in caplog.text


@pytest.mark.parametrize("line", ["3,5", "3,5,1,1", "3.5,5,1", "x,y,label"])
def test_a_line_that_is_no_cell_is_named(tmp_path: Path, line: str) -> None:
    made(tmp_path)
    write_lines(tmp_path / "annotations" / "val" / "cell" / "401.csv", "1,1,1", line)
    with pytest.raises(DatasetError, match=r"401.csv, row 2: .* is not 'x,y,label'"):
        read(tmp_path)


def test_an_unknown_class_is_named(tmp_path: Path) -> None:
    made(tmp_path)
    write_lines(tmp_path / "annotations" / "val" / "cell" / "401.csv", "1,1,3")
    with pytest.raises(TaxonomyError, match=r"401.csv: class 3 is unknown"):
        read(tmp_path)


@pytest.mark.parametrize("content", [[], {"pairs": {}}, {"sample_pairs": []}])
def test_metadata_of_another_shape_are_refused(tmp_path: Path, content: object) -> None:
    made(tmp_path)
    write_metadata(tmp_path, content)
    with pytest.raises(DatasetError, match=r"metadata.json.*sample_pairs"):
        read(tmp_path)


@pytest.mark.parametrize("pair", [{}, {"slide_name": "s"}, {"slide_name": "s", "cell": {}}, None])
def test_an_image_without_metadata_is_named(tmp_path: Path, pair: object) -> None:
    made(tmp_path)
    write_metadata(tmp_path, {"sample_pairs": {"001": pair}})
    with pytest.raises(DatasetError, match="the slide or the pixel size of image '001'"):
        read(tmp_path)
