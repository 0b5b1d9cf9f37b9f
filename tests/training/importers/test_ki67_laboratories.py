"""Ki-67 fields of three laboratories come in at one scale, on two sides, with their points in place."""

from pathlib import Path

import numpy as np
import pytest

from patherea_core.errors import DatasetError, TaxonomyError
from tests.training.importers.layouts import (
    DATA,
    cells,
    counts,
    image,
    needs,
    write_image,
    write_lines,
)
from training.importers.ki67_laboratories import read
from training.importers.reading import rgb


def made(folder: Path, class_name: str = "negative") -> Path:
    """Write a field of each laboratory."""
    shidc = folder / "ki67-shidc"
    write_image(shidc / "images" / "p1_0001_2.jpg", 40, 20)
    write_lines(shidc / "labels" / "p1_0001_2.json", '[{"x": 20, "y": 10, "label_id": 3}]')
    for laboratory, name in (("rouland", "g1-27.jpg"), ("deepliif", "Lung1.png")):
        write_image(folder / f"ki67-{laboratory}" / "images" / name, 40, 20)
        write_lines(
            folder / f"ki67-{laboratory}" / "points.csv",
            f"image,x,y,class,area_px\n{name},39,9,{class_name},12",
        )
    return folder


def test_every_laboratory_is_brought_to_the_same_scale(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))

    assert dataset.mpp == 0.5
    assert [one.read().shape for one in dataset.images] == [(7, 14, 3), (4, 8, 3), (10, 20, 3)]
    assert cells(image(dataset, "shidc-p1_0001_2"), dataset) == [(20.5 * 0.35, 10.5 * 0.35, "til")]
    assert cells(image(dataset, "rouland-g1-27"), dataset) == [(39.5 * 0.2, 9.5 * 0.2, "negative")]
    assert cells(image(dataset, "deepliif-Lung1"), dataset) == [(39.5 / 2, 9.5 / 2, "negative")]


def test_the_first_laboratory_is_one_side_and_the_others_the_other(tmp_path: Path) -> None:
    dataset = read(made(tmp_path))

    assert [(one.patient, one.fold) for one in dataset.images] == [
        ("shidc-p1", "shidc"),
        ("rouland-g1", "elsewhere"),
        ("deepliif-Lung1", "elsewhere"),
    ]


def test_pixels_are_means_of_what_lies_under_them(tmp_path: Path) -> None:
    made(tmp_path)
    path = tmp_path / "ki67-deepliif" / "images" / "Lung1.png"
    dataset = read(tmp_path)
    whole = image(dataset, "deepliif-Lung1").read().astype(float)

    blocks = rgb(path).astype(float).reshape(10, 2, 20, 2, 3).mean(axis=(1, 3))
    assert np.abs(whole - blocks).max() <= 1


def test_a_missing_laboratory_and_an_unknown_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="'tumour' is unknown"):
        read(made(tmp_path / "one", "tumour"))
    made(tmp_path / "two")
    (tmp_path / "two" / "ki67-rouland").rename(tmp_path / "two" / "elsewhere")
    with pytest.raises(DatasetError, match="no folder 'ki67-rouland'"):
        read(tmp_path / "two")


@needs("ki67-rouland", "the three laboratories")
def test_the_published_fields_are_all_there() -> None:
    dataset = read(DATA)

    sides = {fold: [one for one in dataset.images if one.fold == fold] for fold in dataset.folds}
    assert {fold: len(images) for fold, images in sides.items()} == {"shidc": 27, "elsewhere": 11}
    assert counts(sides["shidc"], 3) == [416, 2471, 355]
    assert counts(sides["elsewhere"], 3) == [947, 2402, 0]
