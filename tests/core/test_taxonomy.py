"""The row of a class is its index, and background comes after the last."""

import pytest

from patherea_core.errors import TaxonomyError
from patherea_core.taxonomy import PALETTE, CellClass, Taxonomy

TAXONOMY = Taxonomy.of(["positive", "negative"])


def test_the_order_of_names_is_the_order_of_classes() -> None:
    assert TAXONOMY.names == ("positive", "negative")
    assert [TAXONOMY.index(name) for name in TAXONOMY.names] == [0, 1]


def test_background_is_the_column_after_the_last_class() -> None:
    assert TAXONOMY.background_index == len(TAXONOMY) == 2


def test_more_classes_than_colours_use_colours_again() -> None:
    many = Taxonomy.of([str(row) for row in range(len(PALETTE) + 1)])
    assert many.classes[-1].color == many.classes[0].color == PALETTE[0]


def test_the_colours_of_the_palette_differ_and_are_valid() -> None:
    assert len(set(PALETTE)) == len(PALETTE)
    assert all(CellClass("x", color) for color in PALETTE)


def test_an_unknown_class_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        TaxonomyError, match="'til' is unknown; the classes are: positive, negative"
    ):
        TAXONOMY.index("til")


def test_no_class_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="at least one"):
        Taxonomy.of([])


def test_a_class_named_twice_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="'a' is named twice"):
        Taxonomy.of(["a", "b", "a"])


@pytest.mark.parametrize("name", ["", " ", " a", "a\n"])
def test_a_name_with_outer_blanks_is_refused(name: str) -> None:
    with pytest.raises(TaxonomyError, match="without outer blanks"):
        CellClass(name, "#000000")


@pytest.mark.parametrize("color", ["red", "#fff", "#FFFFFF", "#0000000", "#00000g", "#000000\n"])
def test_a_colour_that_is_not_six_small_hexadecimal_digits_is_refused(color: str) -> None:
    with pytest.raises(TaxonomyError, match="must be #rrggbb"):
        CellClass("a", color)


def test_the_same_classes_in_the_same_order_are_the_same() -> None:
    TAXONOMY.require_same(["positive", "negative"], "the model")


@pytest.mark.parametrize("other", [["negative", "positive"], ["positive"], []])
def test_other_classes_or_another_order_are_refused(other: list[str]) -> None:
    with pytest.raises(
        TaxonomyError, match=r"the model has the classes .*positive, negative are wanted"
    ):
        TAXONOMY.require_same(other, "the model")
