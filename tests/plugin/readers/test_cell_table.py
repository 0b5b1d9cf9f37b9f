"""Cells as columns: by image, by class, and with their classes renamed."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import ShapeError, TaxonomyError
from patherea_core.taxonomy import Taxonomy
from plugin.readers.cell_table import CellTable, coded, renamed


def table(images: str, classes: str) -> CellTable:
    image_names, image_index = coded(images)
    class_names, class_index = coded(classes)
    xy = np.column_stack([np.arange(len(images), dtype=np.float64), np.zeros(len(images))])
    return CellTable(Path("a.csv"), image_names, image_index, class_names, class_index, xy)


@given(st.text("abc", max_size=20))
def test_the_rows_of_all_images_are_all_rows_once(images: str) -> None:
    rows = table(images, images).rows_by_image()
    assert {name: list(found) for name, found in rows.items()} == {
        name: [row for row, image in enumerate(images) if image == name]
        for name in dict.fromkeys(images)
    }


def test_classes_are_rows_of_the_taxonomy_and_the_score_is_1_where_there_is_none() -> None:
    found = table("aab", "npn").detections(Taxonomy.of(["p", "n", "other"]))
    assert found.class_index.tolist() == [1, 0, 1]
    assert found.score.tolist() == [1, 1, 1]
    assert table("aab", "npn").points(Taxonomy.of(["n", "p"])).class_index.tolist() == [0, 1, 0]
    with pytest.raises(TaxonomyError, match="'n' is unknown"):
        table("a", "n").points(Taxonomy.of(["p"]))


def test_several_classes_can_become_one_and_others_stay() -> None:
    mapped = renamed(table("aaaa", "1234"), {"1": "tumour", "3": "tumour", "4": "2"})
    assert [mapped.class_names[row] for row in mapped.class_index] == ["tumour", "2", "tumour", "2"]
    assert mapped.class_names == ("tumour", "2")


def test_names_can_be_swapped() -> None:
    mapped = renamed(table("aaa", "121"), {"1": "2", "2": "1"})
    assert [mapped.class_names[row] for row in mapped.class_index] == ["2", "1", "2"]


def test_a_class_that_is_not_there_cannot_be_renamed() -> None:
    with pytest.raises(
        TaxonomyError, match=r"a\.csv has no class 'q' to rename; its classes are: p, n"
    ):
        renamed(table("ab", "pn"), {"p": "a", "q": "b"})


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"a\.csv has 1 cell but 2 values"):
        CellTable(
            Path("a.csv"),
            ("a",),
            np.zeros(2, np.int64),
            ("p",),
            np.zeros(1, np.int64),
            np.zeros((1, 2)),
        )
