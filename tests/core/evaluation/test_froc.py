"""Sensitivity is read at thresholds that exist, and false alarms are counted in a stated unit."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from patherea_core.errors import InputError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.froc import NODULE_RATES, Froc, froc, labelled_mm2
from patherea_core.evaluation.score_curve import ScoreCurve, score_curve
from patherea_core.points import Detections, Points
from tests.builders import square
from tests.core.evaluation.test_score_curve import Cells, Scored, field, points_of, scored

#: Hits 1, 1, 3 and false positives 0, 2, 5 of 4 points.
CURVE = ScoreCurve(np.array([0.9, 0.5, 0.1]), np.array([1, 1, 3]), np.array([1, 3, 8]), 4)


def known(*, units: float = 2, per: str = "image") -> Froc:
    found = froc(CURVE, units, per)
    assert found is not None
    return found


@settings(deadline=None)
@given(points_of, scored)
def test_neither_sensitivity_nor_false_positives_ever_fall(wanted: Cells, found: Scored) -> None:
    response = froc(score_curve([field(wanted, found)], 2.0, None), 3, "image")
    if response is None:
        assert not wanted
        return
    assert (np.diff(response.rates) >= 0).all()
    assert (np.diff(response.sensitivity) >= 0).all()


def test_false_positives_are_counted_per_unit() -> None:
    assert known().rates.tolist() == [0, 1, 2.5]
    assert known(units=0.5, per="mm²").rates.tolist() == [0, 4, 10]
    assert known(per="mm²").unit == "mm²"


@pytest.mark.parametrize(
    ("rate", "sensitivity"), [(0, 0.25), (2.49, 0.25), (2.5, 0.75), (99, 0.75)]
)
def test_between_thresholds_the_lower_sensitivity_counts(rate: float, sensitivity: float) -> None:
    assert known().at(rate) == sensitivity


def test_where_every_threshold_has_more_false_alarms_the_sensitivity_is_zero() -> None:
    wrong_first = ScoreCurve(np.array([0.9, 0.5]), np.array([0, 1]), np.array([1, 2]), 1)
    response = froc(wrong_first, 1, "image")
    assert response is not None
    assert response.at(0.5) == 0.0


def test_the_mean_sensitivity_is_over_the_stated_rates() -> None:
    assert known().mean_at([0, 3]) == pytest.approx(0.5)
    assert known().mean_at(NODULE_RATES) == pytest.approx((5 * 0.25 + 2 * 0.75) / 7)
    with pytest.raises(InputError, match="at least one rate"):
        known().mean_at([])


def test_without_points_there_is_no_sensitivity() -> None:
    assert froc(ScoreCurve(np.array([0.5]), np.array([0]), np.array([1]), 0), 1, "image") is None


@pytest.mark.parametrize("units", [0.0, -1.0, math.nan, math.inf])
def test_false_positives_are_not_spread_over_nothing(units: float) -> None:
    with pytest.raises(InputError, match="positive number of mm²"):
        froc(CURVE, units, "mm²")


def test_the_labelled_area_is_that_of_all_regions_in_square_millimetres() -> None:
    regions = [
        Field("a", Detections.none(), Points.none(), square(0, 0, 1000)),
        Field("b", Detections.none(), Points.none(), square(5, 5, 2000)),
    ]
    assert labelled_mm2(regions, 0.5) == pytest.approx(0.25 + 1.0)


def test_a_region_of_unknown_outline_has_no_area() -> None:
    with pytest.raises(InputError, match="outline of lost is not known"):
        labelled_mm2([Field("lost", Detections.none(), Points.none())], 0.5)
    with pytest.raises(InputError, match="pixel size"):
        labelled_mm2([], 0.0)
