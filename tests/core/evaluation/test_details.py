"""Curves over radii and scores: F1 never falls with the radius, and calibration is what it says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from patherea_core.errors import InputError
from patherea_core.evaluation.calibration import reliability
from patherea_core.evaluation.details import details
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import count_classes
from patherea_core.evaluation.tolerance import tolerance_curve
from patherea_core.points import Detections, Points
from tests.core.evaluation.test_score_curve import Cells, Scored, field, points_of, scored


def far_apart(hits: list[bool], scores: list[float]) -> Field:
    """Return a region with a cell for each score, and a detection that hits it or does not."""
    x = 100.0 * np.arange(len(hits))
    y = np.where(hits, 1.0, 50.0)
    return Field(
        "far",
        Detections(np.column_stack([x, y]), np.zeros(len(x), dtype=np.int64), np.array(scores)),
        Points(np.column_stack([x, x * 0]), np.zeros(len(x), dtype=np.int64)),
    )


@given(points_of, scored)
def test_a_wider_radius_never_lowers_f1(points: Cells, found: Scored) -> None:
    curve = tolerance_curve([field(points, found)], 2, 2.0, [0.25, 0.5, 1, 2, 4])
    for row in (curve.any_class, *curve.per_class.T):
        assert np.isnan(row).all() or (np.diff(row) >= 0).all()


@given(points_of, scored)
def test_at_the_radius_the_tolerance_curve_is_the_score(points: Cells, found: Scored) -> None:
    region = field(points, found)
    counts = count_classes(region.detections, region.points, 2, 2.0)
    curve = tolerance_curve([region], 2, 2.0, [0.5, 1.0])
    wanted = [np.nan if row.f1 is None else row.f1 for row in counts.per_class]
    np.testing.assert_array_equal(curve.per_class[1], wanted)


@pytest.mark.parametrize("shares", [[], [2.0, 1.0], [1.0, 1.0]])
def test_shares_that_do_not_rise_are_refused(shares: list[float]) -> None:
    with pytest.raises(InputError, match="must rise"):
        tolerance_curve([field([], [])], 2, 2.0, shares)


def test_a_point_s_own_radius_takes_the_share_of_the_common_one() -> None:
    # Detections lie 1 from their points, of which one accepts 4 and the other 1.
    region = replace(far_apart([True, True], [0.9, 0.8]), radius=np.array([4.0, 1.0]))
    curve = tolerance_curve([region], 1, 8.0, [0.125, 0.25, 0.5, 1.0])
    assert curve.radii.tolist() == [1.0, 2.0, 4.0, 8.0]
    assert curve.any_class.tolist() == [0.0, 0.5, 0.5, 1.0]


def test_the_tolerance_curve_of_a_report_passes_through_its_score() -> None:
    region = replace(far_apart([True, True], [0.9, 0.8]), radius=np.array([4.0, 0.5]))
    found = details([region], 1, 8.0)
    counts = count_classes(region.detections, region.points, 1, region.accepted(8.0))
    assert found.tolerance.any_class[found.tolerance.radii == 8.0] == counts.any_class.f1


def test_scores_that_mean_what_they_say_have_no_calibration_error() -> None:
    found = reliability([far_apart([True] * 3 + [False], [0.75] * 4)], 1, 5.0)
    assert found.counts.sum() == 4
    assert found.expected_error == 0


def test_the_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    region = far_apart([True, False, False, True], [0.95, 0.95, 0.15, 0.15])
    found = reliability([region], 1, 5.0, bins=10)
    assert found.precision[[1, 9]].tolist() == [0.5, 0.5]
    assert found.expected_error == pytest.approx((0.45 + 0.35) / 2)
    assert found.largest_error == pytest.approx(0.45)
    assert np.isnan(found.precision[5])


def test_the_surest_of_two_detections_of_a_cell_is_the_hit() -> None:
    double = Field(
        "double",
        Detections(np.array([[0.0, 0], [1, 0]]), np.array([0, 0]), np.array([0.3, 0.9])),
        Points(np.zeros((1, 2)), np.array([0])),
    )
    found = reliability([double], 1, 5.0, bins=2)
    assert found.precision.tolist() == [0, 1]


def test_a_score_of_one_falls_into_the_last_bin_and_no_bin_is_no_diagram() -> None:
    assert reliability([far_apart([True], [1.0])], 1, 5.0, bins=4).counts.tolist() == [0, 0, 0, 1]
    with pytest.raises(InputError, match="at least one bin"):
        reliability([], 1, 5.0, bins=0)


def test_details_tell_recall_at_a_number_of_false_alarms_and_the_mean_area() -> None:
    region = far_apart([True, False, True], [0.9, 0.8, 0.7])
    found = details([region], 1, 5.0)
    assert found.has_scores
    assert found.any_class.free_response is not None
    assert found.any_class.free_response.at(0) == pytest.approx(1 / 3)
    assert found.any_class.free_response.at(1) == pytest.approx(2 / 3)
    assert found.mean_average_precision == found.per_class[0].average_precision
    assert found.any_class.best_f1 == pytest.approx(4 / 6)


def test_detections_without_scores_have_none() -> None:
    assert not details([far_apart([True, False], [1.0, 1.0])], 1, 5.0).has_scores
    nothing = details([field([], [])], 2, 5.0)
    assert nothing.mean_average_precision is None
    assert nothing.any_class.free_response is None


def test_very_many_detections_are_shown_at_few_radii(monkeypatch: pytest.MonkeyPatch) -> None:
    region = far_apart([True, False], [0.9, 0.8])
    usual = details([region], 1, 4.0).tolerance.radii
    monkeypatch.setattr("patherea_core.evaluation.details._MANY", 1)
    few = details([region], 1, 4.0).tolerance.radii
    assert few.tolist() == [1, 2, 3, 4]
    assert len(usual) > len(few)
