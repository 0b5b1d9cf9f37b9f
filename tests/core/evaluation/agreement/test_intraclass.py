"""Intraclass correlations are those that Shrout and Fleiss published."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from patherea_core.errors import InputError, ShapeError
from patherea_core.evaluation.agreement.intraclass import Intraclass, intraclass
from patherea_core.evaluation.agreement.limits import Estimate
from patherea_core.geometry import Floats

#: Four judges' ratings of six targets (Shrout and Fleiss 1979, table 2).
PUBLISHED = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]],
    dtype=np.float64,
)
tables = arrays(
    np.float64, st.tuples(st.integers(2, 6), st.integers(2, 5)), elements=st.integers(0, 4)
)


def test_the_published_table_has_the_published_correlations() -> None:
    found = intraclass(PUBLISHED)
    assert found.regions == 6
    assert found.agreement.value == pytest.approx(0.29, abs=0.005)
    assert found.consistency.value == pytest.approx(0.71, abs=0.005)


def test_the_published_table_has_the_known_intervals() -> None:
    """As other programs print them for this table: 0.019 to 0.761, and 0.342 to 0.946."""
    found = intraclass(PUBLISHED)
    assert found.agreement.interval is not None
    assert found.consistency.interval is not None
    assert found.agreement.interval.bounds == pytest.approx((0.019, 0.761), abs=5e-4)
    assert found.consistency.interval.bounds == pytest.approx((0.342, 0.946), abs=5e-4)


def test_correlations_are_ratios_of_variance_components() -> None:
    """Slowly: the components of regions, observers and residual from the sums of squares."""
    regions, observers = PUBLISHED.shape
    mean = PUBLISHED.mean()
    of_rows = sum(observers * (row.mean() - mean) ** 2 for row in PUBLISHED) / (regions - 1)
    of_columns = sum(regions * (col.mean() - mean) ** 2 for col in PUBLISHED.T) / (observers - 1)
    total = ((PUBLISHED - mean) ** 2).sum()
    left = total - of_rows * (regions - 1) - of_columns * (observers - 1)
    residual = left / ((regions - 1) * (observers - 1))
    region, observer = (of_rows - residual) / observers, (of_columns - residual) / regions
    found = intraclass(PUBLISHED)
    assert found.agreement.value == pytest.approx(region / (region + observer + residual))
    assert found.consistency.value == pytest.approx(region / (region + residual))


@given(tables)
@example(np.array([[1.0, 0.0], [0.0, 1.0]]))
@example(np.array([[0.0, 1.0, 2.0], [1.0, 2.0, 0.0], [2.0, 0.0, 1.0]]))
@example(np.array([[1.0, 2.0, 0.0, 2.0, 1.0], [2.0, 1.0, 2.0, 1.0, 0.0]]))
def test_every_table_has_correlations_of_at_most_one_whatever_the_order(table: Floats) -> None:
    found = intraclass(table)
    turned = intraclass(table[::-1, ::-1])
    for estimate, other in (
        (found.agreement, turned.agreement),
        (found.consistency, turned.consistency),
    ):
        assert estimate.value == pytest.approx(other.value)
        if estimate.value is not None:
            assert estimate.value <= 1 + 1e-9


@given(tables, st.integers(1, 9))
def test_a_common_shift_changes_no_correlation(table: Floats, shift: int) -> None:
    assert intraclass(table).agreement.value == pytest.approx(
        intraclass(table + shift).agreement.value
    )


def test_an_observers_bias_costs_agreement_but_no_consistency() -> None:
    biased = PUBLISHED + np.array([0, 0, 0, 20])
    assert intraclass(biased).consistency.value == pytest.approx(
        intraclass(PUBLISHED).consistency.value
    )
    assert (intraclass(biased).agreement.value or 0) < 0.05


def test_full_agreement_is_one_and_bias_alone_leaves_no_interval() -> None:
    column = np.array([1.0, 5.0, 9.0])
    same = intraclass(np.column_stack([column, column]))
    assert (same.agreement, same.consistency) == (Estimate(1.0), Estimate(1.0))
    biased = intraclass(np.column_stack([column, column + 4]))
    assert biased.consistency == Estimate(1.0)
    assert biased.agreement.value == pytest.approx(16 / (16 + 8))
    assert biased.agreement.interval is None


def test_where_all_regions_are_alike_there_is_no_consistency_to_speak_of() -> None:
    found = intraclass(np.array([[0.0, 4.0], [0.0, 4.0]]))
    assert (found.agreement, found.consistency) == (Estimate(0.0), Estimate(None))


@pytest.mark.parametrize("table", [np.full((4, 2), 0.1), np.zeros((3, 3)), np.ones((1, 2))])
def test_without_variance_there_is_no_correlation(table: Floats) -> None:
    assert intraclass(table) == Intraclass(len(table), Estimate(None), Estimate(None))


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    """That of the agreement is an approximation: measured 92 % with four observers."""
    random = np.random.default_rng(0)
    covered = []
    for _ in range(2000):
        region, observer = random.normal(0, 2, size=(20, 1)), random.normal(0, 1, size=(1, 4))
        found = intraclass(region + observer + random.normal(0, 1, size=(20, 4)))
        assert found.agreement.interval is not None
        assert found.consistency.interval is not None
        covered.append(
            (found.agreement.interval.holds(4 / 6), found.consistency.interval.holds(4 / 5))
        )
    assert np.mean(covered, axis=0) == pytest.approx([0.92, 0.95], abs=0.02)


def test_figures_of_one_observer_are_refused() -> None:
    with pytest.raises(ShapeError, match="two observers or more"):
        intraclass(np.ones((4, 1)))
    with pytest.raises(InputError, match=r"say 0\.95"):
        intraclass(PUBLISHED, 95)
