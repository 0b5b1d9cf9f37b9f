"""Groups become classes: by the mapping, by name, by name but for case."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import TaxonomyError
from plugin.commands.export_classes import named_labels
from plugin.dsa.annotation_codec import Shapes, decode
from tests.plugin.archive import point

NAMES = st.lists(st.sampled_from(["a", "A", "A_b", "a b", "c"]), min_size=1, max_size=12)


def labels(*groups: str) -> dict[str, tuple[Shapes, ...]]:
    elements = [{"id": str(row), **point(row, row, group)} for row, group in enumerate(groups)]
    return {"slide": (decode({"_id": "1", "annotation": {"name": "l", "elements": elements}}),)}


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
