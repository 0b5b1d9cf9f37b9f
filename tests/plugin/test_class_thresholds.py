"""Thresholds of single classes, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError, TaxonomyError
from plugin.class_thresholds import by_row, parse_class_thresholds

NAMES = st.text("abc =", min_size=1, max_size=6).map(str.strip).filter(bool)


@given(st.dictionaries(NAMES, st.floats(0, 1), max_size=4))
def test_what_is_written_is_read(thresholds: dict[str, float]) -> None:
    text = " , ".join(f"{name} = {value!r}" for name, value in thresholds.items())
    assert parse_class_thresholds(text) == thresholds


@pytest.mark.parametrize("text", ["", " ", ",", " , "])
def test_blanks_name_no_class(text: str) -> None:
    assert parse_class_thresholds(text) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("positive", "'positive' is no threshold of a class; write them as in"),
        ("=0.4", "'=0.4' is no threshold"),
        ("positive=much", "of class 'positive' is no number: 'much'"),
        ("positive=0.4,positive=0.5", "'positive' has two thresholds"),
    ],
)
def test_what_is_no_threshold_is_refused_in_a_sentence(text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_class_thresholds(text)


def test_a_class_is_known_by_its_name_or_else_by_its_name_in_another_case() -> None:
    assert by_row({"Positive": 0.4, "NEGATIVE": 0.3}, ("positive", "negative")) == {0: 0.4, 1: 0.3}
    assert by_row({"b": 0.4, "B": 0.3}, ("B", "b")) == {0: 0.3, 1: 0.4}


@pytest.mark.parametrize(
    ("name", "names"), [("stroma", ("positive", "negative")), ("Tumour", ("TUMOUR", "tumour"))]
)
def test_a_class_that_the_model_lacks_is_refused_by_the_options_name(
    name: str, names: tuple[str, ...]
) -> None:
    words = f"--class-thresholds names class {name!r}, which the model lacks; its classes are: "
    with pytest.raises(TaxonomyError, match=words + ", ".join(names)):
        by_row({name: 0.4}, names)


def test_a_class_that_is_named_twice_in_two_cases_is_refused() -> None:
    with pytest.raises(TaxonomyError, match="class 'positive' twice, as 'Positive' too"):
        by_row({"positive": 0.4, "Positive": 0.5}, ("positive",))
