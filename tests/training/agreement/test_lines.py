"""Passing and Bablok's line is the paper's, told slope by slope; Deming's is the textbook's."""

import math
import statistics
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.intervals import Interval
from patherea_core.geometry import Floats
from training.agreement.deming import deming
from training.agreement.passing_bablok import passing_bablok

#: Peak flow of 17 people by two meters, in l/min (Bland and Altman, Lancet 1986; first readings).
LARGE = np.array(
    [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427.0]
)
MINI = np.array(
    [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451.0]
)

#: Whole numbers, so that ties occur, of an agreement that is loose.
PAIRS = st.lists(
    st.tuples(st.integers(0, 12), st.integers(-2, 2)).map(
        lambda pair: (float(pair[0]), float(pair[0] + pair[1]))
    ),
    min_size=3,
    max_size=14,
)


def by_hand(pairs: list[tuple[float, float]]) -> tuple[float, float, list[float]] | None:
    """Return slope, intercept and the bounds of the slope after the paper, places counted from 1."""
    slopes = []
    for (x, y), (other_x, other_y) in combinations(pairs, 2):
        if x == other_x:
            if y != other_y:
                slopes.append(math.inf)
        elif (y - other_y) / (x - other_x) != -1:
            slopes.append((y - other_y) / (x - other_x))
    slopes.sort()
    place = dict(enumerate(slopes, start=1))
    n, shift = len(slopes), sum(slope < -1 for slope in slopes)
    middle = (
        [place.get((n + 1) // 2 + shift, math.inf)]
        if n % 2
        else [place.get(n // 2 + shift, math.inf), place.get(n // 2 + 1 + shift, math.inf)]
    )
    slope = sum(middle) / len(middle)
    if not n or math.isinf(slope):
        return None
    size = len(pairs)
    reach = norm.ppf(0.975) * math.sqrt(size * (size - 1) * (2 * size + 5) / 18)
    first = round((n - reach) / 2)
    last = n - first + 1
    bounds = [place.get(first + shift, math.inf), place.get(last + shift, math.inf)]
    intercept = statistics.median(y - slope * x for x, y in pairs)
    return slope, intercept, bounds if first >= 1 else [math.inf]


def columns(pairs: list[tuple[float, float]]) -> tuple[Floats, Floats]:
    x, y = np.array(pairs).T
    return x, y


@settings(deadline=None)
@given(PAIRS)
def test_the_line_is_the_one_made_by_hand_ties_and_all(pairs: list[tuple[float, float]]) -> None:
    found, expected = passing_bablok(*columns(pairs)), by_hand(pairs)
    if expected is None:
        assert found.slope.value is None
        return
    slope, intercept, bounds = expected
    assert found.slope.value == pytest.approx(slope)
    assert found.intercept.value == pytest.approx(intercept)
    if math.isinf(max(bounds)):
        assert found.slope.interval is None
    else:
        assert found.slope.interval is not None
        assert list(found.slope.interval.bounds) == pytest.approx(bounds)


@given(PAIRS, st.randoms())
def test_the_order_of_slides_changes_nothing(
    pairs: list[tuple[float, float]], random: object
) -> None:
    mixed = list(pairs)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = passing_bablok(*columns(pairs)), passing_bablok(*columns(mixed))
    assert (one.slope, one.intercept) == (other.slope, other.intercept)


def test_exchanged_methods_have_the_inverse_line() -> None:
    # An odd number of slopes, so that the middle one is a single slope.
    x, y = LARGE[:15], MINI[:15]
    one, other = passing_bablok(x, y), passing_bablok(y, x)
    assert one.slope.value is not None
    assert other.slope.value is not None
    assert other.slope.value == pytest.approx(1 / one.slope.value)
    assert isinstance(one.slope.interval, Interval)
    assert isinstance(other.slope.interval, Interval)
    assert other.slope.interval.low == pytest.approx(1 / one.slope.interval.high)
    assert other.slope.interval.high == pytest.approx(1 / one.slope.interval.low)


def test_two_peak_flow_meters_do_not_differ() -> None:
    found = passing_bablok(LARGE, MINI)
    assert found.slope.interval is not None
    assert found.intercept.interval is not None
    assert found.slope.interval.holds(1)
    assert found.intercept.interval.holds(0)


def test_the_line_is_that_of_the_package_mcr() -> None:
    # Estimates of the R package mcr for these figures, as the tests of the Python package methcomp give them.
    # Its bounds of the interval differ in the third decimal: those here are slopes of the data, as in the
    # paper.
    y = "1.03 2.05 2.79 3.67 5 5.82 7.16 7.69 8.53 10.38 11.11 12.17 13.47 13.83 15.15 16.12 16.94 18.09"
    found = passing_bablok(
        np.arange(1.0, 21), np.array([float(w) for w in f"{y} 19.13 19.54".split()])
    )
    assert found.slope.value == pytest.approx(1.0050, abs=5e-5)
    assert found.intercept.value == pytest.approx(0.0125, abs=5e-5)
    assert found.slope.interval is not None
    assert list(found.slope.interval.bounds) == pytest.approx([0.98481, 1.02658], abs=2e-3)
    assert found.intercept.interval is not None
    assert list(found.intercept.interval.bounds) == pytest.approx([-0.2975, 0.1393], abs=0.02)


def test_an_exact_line_is_found_whatever_single_slides_say() -> None:
    x = np.linspace(0, 60, 41)
    y = 2 + 1.3 * x
    y[[3, 20]] = 95
    found = passing_bablok(x, y)
    assert found.slope.value == pytest.approx(1.3)
    assert found.intercept.value == pytest.approx(2)


def test_a_bent_relation_is_told_from_a_straight_one() -> None:
    random = np.random.default_rng(0)
    x = np.sort(random.uniform(0, 60, 80))
    straight, bent = x + random.normal(0, 1, 80), x**2 / 60 + random.normal(0, 1, 80)
    assert (passing_bablok(x, straight).linear_p or 0) > 0.05
    assert (passing_bablok(x, bent).linear_p or 1) < 0.01


@pytest.mark.slow
def test_intervals_hold_the_true_line_as_often_as_is_said_of_them() -> None:
    random = np.random.default_rng(0)
    hits = np.zeros(4)
    for _ in range(600):
        true = random.gamma(1.5, 12, 40)
        x, y = true + random.normal(0, 2, 40), true + random.normal(0, 2, 40)
        lines = (passing_bablok(x, y), deming(x, y))
        intervals = [(line.slope.interval, line.intercept.interval) for line in lines]
        hits += [
            interval is not None and interval.holds(value)
            for pair in intervals
            for interval, value in zip(pair, (1, 0), strict=True)
        ]
    of_slope, of_intercept, of_deming, of_its_intercept = hits / 600
    assert min(of_slope, of_deming, of_its_intercept) > 0.92
    # Passing and Bablok's interval of the intercept follows from that of the slope alone.
    assert 0.83 < of_intercept < 0.92


def test_without_slopes_there_is_no_line() -> None:
    same = np.full(12, 5.0)
    for line in (passing_bablok(same, same), passing_bablok(same, np.arange(12.0))):
        assert (line.slope.value, line.intercept.value, line.linear_p) == (None, None, None)
    assert deming(same, same).slope.value is None


@settings(deadline=None)
@given(PAIRS, st.sampled_from([0.5, 1.0, 3.0]))
def test_demings_line_has_the_least_squares(pairs: list[tuple[float, float]], ratio: float) -> None:
    x, y = columns(pairs)
    found = deming(x, y, ratio)
    assume(found.slope.value is not None)
    assert found.slope.value is not None
    assert found.intercept.value is not None

    def squares(slope: float) -> float:
        left = (y - y.mean()) - slope * (x - x.mean())
        return float((left**2).sum() / (ratio + slope**2))

    least = squares(found.slope.value)
    for step in (-0.01, 0.01):
        assert least <= squares(found.slope.value + step) + 1e-9
    assert found.intercept.value == pytest.approx(y.mean() - found.slope.value * x.mean())


def test_demings_interval_is_that_of_slides_left_out() -> None:
    found = deming(LARGE, MINI)
    assert found.slope.interval is not None
    assert found.slope.interval.holds(1)
    assert deming(LARGE[:2], MINI[:2]).slope.interval is None


def test_other_shapes_and_settings_are_refused() -> None:
    with pytest.raises(ShapeError, match="finite figure of both"):
        passing_bablok(np.zeros(3), np.zeros(4))
    with pytest.raises(ShapeError, match="finite figure of both"):
        deming(np.array([1, math.nan]), np.zeros(2))
    with pytest.raises(InputError, match="positive number"):
        deming(LARGE, MINI, ratio=0)
    with pytest.raises(InputError, match="lies between 0 and 1"):
        passing_bablok(LARGE, MINI, level=95)
