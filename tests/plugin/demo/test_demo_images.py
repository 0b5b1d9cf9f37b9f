"""Published labels are read as they are meant, and anything else is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from patherea_core.errors import InputError, ScaleError
from plugin.sandbox.demo_images import load_labelled_images


def save_image(folder: Path, name: str) -> None:
    (folder / "images").mkdir(exist_ok=True)
    Image.fromarray(np.zeros((40, 60, 3), dtype=np.uint8)).save(folder / "images" / name)


@pytest.fixture
def table_folder(tmp_path: Path) -> Path:
    for name in ("b.png", "a.png", "unlabelled.png"):
        save_image(tmp_path, name)
    (tmp_path / "points.csv").write_text(
        "image,x,y,class,area_px\nb.png,10,20,tumour,9\na.png,0,39,stroma,9\nb.png,59,0,stroma,9\n"
    )
    return tmp_path


@pytest.fixture
def published_folder(tmp_path: Path) -> Path:
    for name in ("TCGA-A7-A0DB-01Z_x.png", "TCGA-A7-A0DB-02Z_x.png"):
        save_image(tmp_path, name)
        labels = tmp_path / "labels" / name.replace(".png", "_gt_class_coords.txt")
        labels.parent.mkdir(exist_ok=True)
        labels.write_text("20 10 2\n0 59 1\n")
    return tmp_path


def test_a_table_gives_the_images_it_names_with_the_middles_of_their_pixels(
    table_folder: Path,
) -> None:
    found = load_labelled_images(table_folder, mpp=0.25)

    assert [field.name for field in found.fields] == ["a", "b"]
    assert found.taxonomy.names == ("stroma", "tumour")
    assert found.mpp == 0.25
    np.testing.assert_array_equal(found.fields[1].points.xy, [[10.5, 20.5], [59.5, 0.5]])
    np.testing.assert_array_equal(found.fields[1].points.class_index, [1, 0])


def test_fractional_positions_are_kept_as_they_are(table_folder: Path) -> None:
    (table_folder / "points.csv").write_text("image,x,y,class\na.png,10.25,20,c\na.png,3,4,c\n")

    found = load_labelled_images(table_folder, mpp=0.25)

    np.testing.assert_array_equal(found.fields[0].points.xy, [[10.25, 20], [3, 4]])


def test_one_fraction_anywhere_makes_all_numbers_of_a_table_positions(table_folder: Path) -> None:
    (table_folder / "points.csv").write_text(
        "image,x,y,class\na.png,10,20,tumour\nb.png,1.25,2,tumour\n"
    )
    fields = load_labelled_images(table_folder, 0.5).fields
    assert [field.points.xy.tolist() for field in fields] == [[[10, 20]], [[1.25, 2]]]


def test_the_published_layout_has_y_before_x_and_three_classes_at_half_a_micrometre(
    published_folder: Path,
) -> None:
    found = load_labelled_images(published_folder)

    assert found.taxonomy.names == ("lymphocyte", "epithelial", "stromal")
    assert found.mpp == 0.5
    np.testing.assert_array_equal(found.fields[0].points.xy, [[10.5, 20.5], [59.5, 0.5]])
    np.testing.assert_array_equal(found.fields[0].points.class_index, [1, 0])


def test_images_of_one_barcode_are_of_one_patient(published_folder: Path) -> None:
    found = load_labelled_images(published_folder)

    assert {field.patient for field in found.fields} == {"TCGA-A7-A0DB"}


def test_a_limit_takes_that_many_images(published_folder: Path) -> None:
    assert len(load_labelled_images(published_folder, limit=1).fields) == 1
    assert len(load_labelled_images(published_folder, limit=9).fields) == 2
    with pytest.raises(InputError, match="at least one image"):
        load_labelled_images(published_folder, limit=0)


def test_a_table_without_a_pixel_size_is_refused(table_folder: Path) -> None:
    with pytest.raises(ScaleError, match="give --mpp"):
        load_labelled_images(table_folder)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,x,y\na.png,1,2\n", "no column 'class'"),
        ("image,x,y,class\n", "has no row"),
        ("image,x,y,class\na.png,1,left,c\n", "line 2: x and y must be numbers"),
        ("image,x,y,class\na.png,nan,2,c\n", "line 2: a label needs a finite x"),
        ("image,x,y,class\na.png,1,2,\n", "line 2: a label needs"),
        ("image,x,y,class\nabsent.png,1,2,c\n", "'absent.png' has labels"),
        ("image,x,y,class\na.png,61,2,c\n", "lies outside of the image"),
        ("image,x,y,class\na.png,-1,2,c\n", "lies outside of the image"),
    ],
)
def test_a_broken_table_is_refused(table_folder: Path, table: str, message: str) -> None:
    (table_folder / "points.csv").write_text(table)

    with pytest.raises(InputError, match=message):
        load_labelled_images(table_folder, mpp=0.5)


@pytest.mark.parametrize("line", ["1 2", "1 2 4", "a b 1", "1 2 1 1"])
def test_a_broken_line_of_the_published_layout_is_refused(
    published_folder: Path, line: str
) -> None:
    next((published_folder / "labels").iterdir()).write_text(f"1 1 1\n{line}\n")

    with pytest.raises(InputError, match="line 2"):
        load_labelled_images(published_folder)


def test_a_folder_of_another_layout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder 'images'"):
        load_labelled_images(tmp_path)
    save_image(tmp_path, "a.png")
    with pytest.raises(InputError, match="has no labels"):
        load_labelled_images(tmp_path)
    (tmp_path / "labels").mkdir()
    with pytest.raises(InputError, match="holds no file"):
        load_labelled_images(tmp_path)


def test_a_file_that_is_no_image_is_refused(table_folder: Path) -> None:
    (table_folder / "images" / "a.png").write_text("no picture")

    with pytest.raises(InputError, match=r"a\.png cannot be read"):
        load_labelled_images(table_folder, mpp=0.5)
