"""Groups become classes: by the mapping, by name, by name but for case."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import TaxonomyError
from patherea_core.taxonomy import PALETTE
from plugin.commands.export_classes import named_labels
from plugin.dsa.annotation_codec import Shapes, decode
from tests.plugin.archive import point

NAMES = st.lists(st.sampled_from(["a", "A", "A_b", "a b", "c"]), min_size=1, max_size=12)


def labels(*groups: str) -> dict[str, tuple[Shapes, ...]]:
    elements = [{"id": str(row), **point(row, row, group)} for row, group in enumerate(groups)]
    return {"slide": (decode({"_id": "1", "annotation": {"name": "l", "elements": elements}}),)}


def coloured(*groups_and_colours: tuple[str, str]) -> dict[str, tuple[Shapes, ...]]:
    elements = [
        {"id": str(row), **point(row, row, group), "lineColor": colour}
        for row, (group, colour) in enumerate(groups_and_colours)
    ]
    return {"slide": (decode({"_id": "1", "annotation": {"name": "l", "elements": elements}}),)}


def colours(labels: dict[str, tuple[Shapes, ...]]) -> list[str]:
    return [one.color for one in named_labels(labels, (), {})[0].classes]


def names(found: dict[str, tuple[Shapes, ...]]) -> tuple[str, ...]:
    return found["slide"][0].class_names


def test_a_group_in_another_case_is_taken_for_the_class_and_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taxonomy, found = named_labels(
        labels("Positive", "negative_tumour"), ("positive", "Negative tumour"), {}
    )
    assert taxonomy.names == ("positive", "Negative tumour")
    assert names(found) == ("positive", "Negative tumour")
    assert "group 'Positive' is taken for class 'positive'" in caplog.text


def test_without_classes_the_most_frequent_spelling_is_the_class() -> None:
    taxonomy, found = named_labels(labels("tumour", "Tumour", "Tumour", "a"), (), {})
    assert taxonomy.names == ("Tumour", "a")
    assert names(found) == ("Tumour", "Tumour", "Tumour", "a")


def test_classes_that_differ_in_case_stay_apart_if_they_are_named() -> None:
    _, found = named_labels(labels("a", "A"), ("A", "a"), {})
    assert names(found) == ("a", "A")


def test_the_mapping_goes_before_the_name_and_knows_groups_in_any_case() -> None:
    taxonomy, found = named_labels(labels("x", "y", "z"), (), {"X": "z", "y": "new"})
    assert taxonomy.names == ("new", "z")
    assert names(found) == ("z", "new", "z")


def test_what_the_mapping_says_is_no_word_for_the_log(caplog: pytest.LogCaptureFixture) -> None:
    named_labels(labels("x"), ("z",), {"x": "z"})
    assert caplog.messages == []


def test_a_group_that_nobody_wrote_cannot_be_renamed() -> None:
    with pytest.raises(
        TaxonomyError, match=r"group 'q' that could be renamed; the groups are: x, y"
    ):
        named_labels(labels("y", "x"), (), {"q": "z"})


def test_an_unknown_group_stays_for_the_message_that_names_its_point() -> None:
    assert names(named_labels(labels("stroma"), ("positive",), {})[1]) == ("stroma",)


@given(NAMES)
def test_no_point_is_lost_and_no_class_is_empty(groups: list[str]) -> None:
    taxonomy, found = named_labels(labels(*groups), (), {})
    counts = Counter(names(found))
    assert sum(counts.values()) == len(groups)
    assert set(counts) == set(taxonomy.names)
    assert len({name.replace("_", " ").casefold() for name in counts}) == len(counts)


def test_a_class_has_the_colour_in_which_most_of_its_points_are_drawn() -> None:
    brown, blue = "rgb(170, 85, 0)", "#00f8"
    drawn = coloured(("pos", brown), ("Pos", brown), ("pos", blue), ("neg", blue))
    assert colours(drawn) == ["#0000ff", "#aa5500"]


def test_classes_that_are_drawn_alike_get_colours_that_tell_them_apart() -> None:
    assert colours(coloured(("a", "#000000"), ("b", "rgb(0,0,0)"))) == list(PALETTE[:2])
