"""Bins of scores are bounded where they say, and do not depend on the order of detections."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.evaluation.calibration import Reliability, reliability
from patherea_core.evaluation.field import Field
from patherea_core.points import Detections, Points
from tests.builders import detections, points
from tests.core.evaluation.test_score_curve import Cells, Scored, field, points_of, scored


def of_scores(*scores: float, bins: int = 10) -> Reliability:
    found = Detections(np.zeros((len(scores), 2)), np.zeros(len(scores), int), np.array(scores))
    return reliability([Field("one", found, Points.none())], 1, 1.0, bins)


@pytest.mark.parametrize("bins", [3, 7, 10, 15, 20])
def test_a_score_on_a_bound_falls_into_the_bin_above(bins: int) -> None:
    found = of_scores(*(row / bins for row in range(bins)), bins=bins)
    assert found.counts.tolist() == [1] * bins


def test_scores_in_tenths_fall_into_ten_bins() -> None:
    scores = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    assert of_scores(*scores).counts.tolist() == [1] * 10


@settings(deadline=None)
@given(points_of, scored, st.integers(0, 2**32))
def test_the_order_of_cells_changes_no_bin(wanted: Cells, found: Scored, seed: int) -> None:
    random = np.random.default_rng(seed)
    region = field(wanted, found)
    shuffled = Field(
        "shuffled",
        region.detections.take(random.permutation(len(region.detections))),
        region.points.take(random.permutation(len(region.points))),
    )
    one, other = reliability([region], 2, 2.0), reliability([shuffled], 2, 2.0)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_allclose(one.precision, other.precision)
    assert one.expected_error == pytest.approx(other.expected_error)


def test_a_detection_near_a_cell_of_another_class_is_no_hit() -> None:
    found = reliability([Field("one", detections((0, 0, 0)), points((0, 0, 1)))], 2, 1.0)
    assert found.precision[-1] == 0


@pytest.mark.parametrize(
    ("scores", "has_scores"),
    [((1.0, 1.0), False), ((), False), ((1.0, 0.99), True), ((0.5,), True)],
)
def test_scores_that_are_all_one_are_none(scores: tuple[float, ...], *, has_scores: bool) -> None:
    assert of_scores(*scores).has_scores is has_scores
