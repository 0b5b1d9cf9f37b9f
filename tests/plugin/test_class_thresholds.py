"""Thresholds of single classes, as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError
from plugin.class_thresholds import parse_class_thresholds

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
