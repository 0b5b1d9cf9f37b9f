"""Groups that a reviewer wrote become classes, and what is doubtful is said."""

import pytest

from patherea_core.errors import TaxonomyError
from plugin.review.naming import class_names
from plugin.review.state import marks_of
from tests.plugin.archive import point

CLASSES = ("positive", "negative tumour")


def test_the_models_classes_come_first_in_its_order_even_if_nobody_uses_them() -> None:
    found = class_names(CLASSES, ("negative tumour",), {})
    assert found.names == CLASSES
    assert found.notes == ()


@pytest.mark.parametrize("group", ["Positive", " POSITIVE ", "positive"])
def test_case_and_blanks_are_overlooked(group: str) -> None:
    found = class_names(CLASSES, (group,), {})
    assert found.meaning[group] == "positive"
    assert len(found.notes) == (group != "positive")


def test_another_case_is_said() -> None:
    (note,) = class_names(CLASSES, ("Negative_Tumour",), {}).notes
    assert "'Negative_Tumour' is taken for class 'negative tumour'" in note


def test_an_unknown_group_is_a_class_of_its_own_and_the_way_out_is_said() -> None:
    found = class_names(CLASSES, ("mitosis",), {})
    assert found.names == (*CLASSES, "mitosis")
    assert "--map mitosis=NAME" in found.notes[0]


def test_a_group_is_renamed_as_asked_without_a_word() -> None:
    found = class_names(CLASSES, ("default",), {"default": "positive"})
    assert found.names == CLASSES
    assert found.meaning["default"] == "positive"
    assert found.notes == ()


def test_two_classes_of_the_model_can_be_made_one() -> None:
    found = class_names(CLASSES, (), {"negative tumour": "positive"})
    assert found.names == ("positive",)
    assert found.meaning == {"positive": "positive", "negative tumour": "positive"}


def test_where_two_classes_differ_in_case_only_nothing_is_guessed() -> None:
    found = class_names(("a", "A"), ("a", "A"), {})
    assert found.names == ("a", "A")
    assert class_names(("ab", "aB"), ("AB",), {}).meaning["AB"] == "AB"


def test_a_group_that_nobody_wrote_cannot_be_renamed() -> None:
    with pytest.raises(TaxonomyError, match=r"'stroma'.*positive, negative tumour"):
        class_names(CLASSES, (), {"stroma": "positive"})


def test_a_point_that_lost_its_group_is_refused_unless_it_is_said_what_that_means() -> None:
    # The label is that of the class which the point had when it was pushed.
    lost = {**point(1, 2), "label": {"value": "positive"}, "user": {"p": 0.5, "c": "positive"}}
    del lost["group"]
    marks = marks_of([{"annotation": {"name": "a", "elements": [lost]}}])
    with pytest.raises(TaxonomyError, match="--map 'no group=NAME'"):
        class_names(CLASSES, marks.names, {})
    found = class_names(CLASSES, marks.names, {"no group": "negative tumour"})
    assert found.state(marks).cells.class_index.tolist() == [1]


def test_a_point_that_a_person_drew_may_say_its_class_by_its_label() -> None:
    drawn = {"type": "point", "center": [1, 2, 0], "label": {"value": "positive"}}
    assert marks_of([{"annotation": {"name": "a", "elements": [drawn]}}]).names == ("positive",)


def test_points_get_the_rows_of_their_classes() -> None:
    document = {
        "annotation": {"name": "a", "elements": [point(1, 2, "Positive"), point(3, 4, "x")]}
    }
    marks = marks_of([document])
    state = class_names(CLASSES, marks.names, {}).state(marks)
    assert state.cells.class_index.tolist() == [0, 2]
    assert state.cells.xy.tolist() == [[1, 2], [3, 4]]
