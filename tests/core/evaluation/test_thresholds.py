"""Thresholds are chosen by F1 for each class, and applied to each class."""

import numpy as np
import pytest
from hypothesis import given, settings

from patherea_core.errors import TaxonomyError
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import count_classes
from patherea_core.evaluation.thresholds import apply_thresholds, best_thresholds
from patherea_core.points import Detections, Points
from tests.builders import detections, points
from tests.core.evaluation.test_score_curve import Cells, Scored, field, points_of, scored


@settings(deadline=None)
@given(points_of, scored)
def test_no_other_score_gives_a_higher_f1_and_no_higher_one_an_equal(
    wanted: Cells, found: Scored
) -> None:
    region = field(wanted, found)
    chosen = best_thresholds([region], 2, 2.0)
    best = _f1_at(region, chosen)
    for row, threshold in enumerate(chosen):
        mine = region.detections.score[region.detections.class_index == row]
        for other in mine.tolist() if threshold is not None else []:
            f1 = _f1_at(region, (other,) * 2)[row]
            assert f1 < best[row] or (f1 == best[row] and other <= threshold)


def _f1_at(region: Field, thresholds: tuple[float | None, ...]) -> list[float]:
    kept = apply_thresholds(region.detections, thresholds)
    counted = count_classes(kept, region.points, 2, 2.0).per_class
    return [counts.f1 or 0.0 for counts in counted]


def test_each_class_has_a_threshold_of_its_own() -> None:
    region = field([(0, 0, 0), (9, 9, 1)], [(0, 0, 0, 1), (9, 9, 1, 3), (0, 9, 1, 2)])
    assert best_thresholds([region], 2, 2.0) == (0.25, 0.75)


def test_a_class_without_points_or_without_detections_has_no_threshold() -> None:
    region = Field("one", detections((0, 0, 0)), points((5, 5, 1)))
    assert best_thresholds([region], 3, 2.0) == (None, None, None)


def test_a_class_that_is_never_hit_gets_the_highest_score() -> None:
    region = field([(9, 9, 0)], [(0, 0, 0, 1), (0, 5, 0, 2)])
    assert best_thresholds([region], 1, 1.0) == (0.5,)


def test_a_score_of_exactly_the_threshold_is_kept_and_no_threshold_keeps_all() -> None:
    found = Detections(np.zeros((4, 2)), np.array([0, 0, 1, 1]), np.array([0.3, 0.2, 0.0, 0.9]))
    kept = apply_thresholds(found, (0.3, None))
    assert kept.score.tolist() == [0.3, 0.0, 0.9]


def test_classes_beyond_the_last_are_refused() -> None:
    with pytest.raises(TaxonomyError, match="class 2, but there are 2 thresholds"):
        apply_thresholds(detections((0, 0, 2)), (0.5, 0.5))
    with pytest.raises(TaxonomyError, match="class 2"):
        best_thresholds([Field("one", detections((0, 0, 2)), Points.none())], 2, 1.0)


def test_nothing_stays_nothing() -> None:
    assert len(apply_thresholds(Detections.none(), ())) == 0
