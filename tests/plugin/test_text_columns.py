"""Columns of text say what Python would write."""

import json
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugin.text_columns import chosen, fixed, hexadecimal, joined

NUMBERS = st.lists(st.integers(-(10**9), 10**9).map(lambda number: number / 100), max_size=20)


@settings(deadline=None, max_examples=50)
@given(NUMBERS, st.sampled_from([2, 3, 4]))
def test_numbers_are_written_with_so_many_digits(numbers: list[float], digits: int) -> None:
    texts = fixed(np.array(numbers, dtype=np.float64), digits).to_pylist()
    assert [float(text) for text in texts] == numbers
    assert all(len(text.partition(".")[2]) == digits for text in texts)
    assert all(json.loads(text) == float(text) for text in texts)


@settings(deadline=None, max_examples=50)
@given(NUMBERS)
def test_fewer_digits_are_the_nearest(numbers: list[float]) -> None:
    texts = fixed(np.array(numbers, dtype=np.float64), 1).to_pylist()
    for number, text in zip(numbers, texts, strict=True):
        assert abs(Decimal(text) - Decimal(str(number))) <= Decimal("0.05")
        assert text != "-0.0"


def test_rows_follow_one_another() -> None:
    names = chosen(["é", "b"], np.array([1, 0, 1]))
    assert joined("<", names, "=", fixed(np.array([1, -0.5, 20]), 1), ">").decode() == (
        "<b=1.0><é=-0.5><b=20.0>"
    )


def test_no_rows_are_no_text() -> None:
    assert joined("<", fixed(np.empty(0), 2), hexadecimal(np.empty(0, dtype=np.int64))) == b""


@pytest.mark.parametrize("number", [0, 255, 2**32 - 1])
def test_rows_are_numbered_in_eight_digits(number: int) -> None:
    assert hexadecimal(np.array([number])).to_pylist() == [f"{number:08x}"]
