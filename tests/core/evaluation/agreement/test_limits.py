"""Limits of agreement are those that Bland and Altman published."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.agreement.limits import Estimate, Limits

#: Peak expiratory flow of 17 persons by two meters (Bland and Altman, Lancet 1986, table 1).
LARGE = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
SMALL = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]
figures = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=2, max_size=20)


def between(first: list[int], second: list[int], level: float = 0.95) -> Limits:
    return Limits.between(
        np.array(first, dtype=np.float64), np.array(second, dtype=np.float64), level
    )


def interval(estimate: Estimate) -> tuple[float, float]:
    assert estimate.interval is not None
    return estimate.interval.bounds


def test_limits_of_the_published_example() -> None:
    """They print a bias of -2.1 with an interval of -22.0 to 17.8, and a deviation of 38.8."""
    found = between(LARGE, SMALL)
    assert found.regions == 17
    assert found.bias.value == pytest.approx(-2.1, abs=0.05)
    assert interval(found.bias) == pytest.approx((-22.0, 17.8), abs=0.06)
    assert found.lower.value == pytest.approx(-2.12 - 1.96 * 38.77, abs=0.05)
    assert found.upper.value == pytest.approx(-2.12 + 1.96 * 38.77, abs=0.05)
    # Their standard error of a limit, √(3 s² / n) = 16.3, takes 1.71² for 1 + 1.96² / 2 = 1.71².
    error = 38.77 * np.sqrt(1 / 17 + 1.96**2 / 32)
    assert interval(found.lower) == pytest.approx(
        (-78.1 - 2.12 * error, -78.1 + 2.12 * error), abs=0.1
    )


@given(figures)
def test_exchanging_the_observers_mirrors_the_limits(pairs: list[tuple[int, int]]) -> None:
    first, second = (list(column) for column in zip(*pairs, strict=True))
    there, back = between(first, second), between(second, first)
    assert there.bias.value == pytest.approx(-(back.bias.value or 0))
    assert there.lower.value == pytest.approx(-(back.upper.value or 0))
    low, high = interval(there.lower)
    assert interval(back.upper) == pytest.approx((-high, -low))


def test_a_constant_difference_is_pure_bias() -> None:
    found = between([5, 6, 9], [3, 4, 7])
    assert (found.bias.value, found.lower.value, found.upper.value) == (2, 2, 2)


def test_a_lower_level_has_narrower_limits() -> None:
    wide, narrow = between(LARGE, SMALL), between(LARGE, SMALL, 0.8)
    assert (narrow.upper.value or 0) < (wide.upper.value or 0)
    assert interval(narrow.bias)[0] > interval(wide.bias)[0]


def test_one_region_has_a_bias_but_no_limits_and_none_has_neither() -> None:
    one, none = between([5], [3]), between([], [])
    assert (one.bias, one.lower) == (Estimate(2.0), Estimate(None))
    assert (none.bias, none.upper) == (Estimate(None), Estimate(None))


def test_the_intervals_cover_the_truth_as_often_as_they_say() -> None:
    random = np.random.default_rng(0)
    covered = []
    for _ in range(4000):
        difference = random.normal(3, 2, size=20)
        found = Limits.between(difference, np.zeros(20))
        truths = ((found.bias, 3.0), (found.lower, 3 - 1.96 * 2), (found.upper, 3 + 1.96 * 2))
        covered.append([low <= truth <= high for e, truth in truths for low, high in [interval(e)]])
    assert np.mean(covered, axis=0) == pytest.approx([0.95] * 3, abs=0.02)


def test_figures_of_different_regions_are_refused() -> None:
    with pytest.raises(ShapeError, match="each region needs a figure of both"):
        between([1, 2], [1])
    with pytest.raises(InputError, match=r"say 0\.95"):
        between([1, 2], [1, 2], 95)


def test_an_estimate_is_ready_for_json() -> None:
    assert Estimate(None).figures() == {"value": None, "interval": None}
    found = between([5, 7], [3, 4]).figures()
    assert found["regions"] == 2
    bias = found["bias"]
    assert isinstance(bias, dict)
    assert bias["value"] == 2.5
    assert bias["interval"] == pytest.approx([-3.853, 8.853], abs=1e-3)
