"""Points and detections are parallel arrays that refuse to disagree."""

import numpy as np
import pytest

from patherea_core.errors import ShapeError
from patherea_core.points import Detections, Points
from tests.builders import detections, points


def test_none_has_no_rows() -> None:
    assert len(Points.none()) == len(Detections.none()) == 0
    assert Points.none().xy.shape == Detections.none().xy.shape == (0, 2)


def test_taking_rows_keeps_what_belongs_together() -> None:
    some = points((1, 2, 0), (3, 4, 1), (5, 6, 2))
    taken = some.take(np.array([2, 0]))
    assert (taken.xy.tolist(), taken.class_index.tolist()) == ([[5, 6], [1, 2]], [2, 0])
    found = Detections(some.xy, some.class_index, np.array([0.1, 0.2, 0.3]))
    kept = found.take(found.score > 0.15)
    assert (kept.xy.tolist(), kept.class_index.tolist(), kept.score.tolist()) == (
        [[3, 4], [5, 6]],
        [1, 2],
        [0.2, 0.3],
    )


def test_moving_keeps_classes_and_scores() -> None:
    found = detections((1, 2, 0), (3, 4, 1), score=0.7)
    moved = found.moved_to(found.xy + 10)
    assert moved.xy.tolist() == [[11, 12], [13, 14]]
    assert (moved.class_index.tolist(), moved.score.tolist()) == ([0, 1], [0.7, 0.7])
    assert found.as_points().moved_to(moved.xy).xy.tolist() == moved.xy.tolist()


def test_moving_to_another_number_of_places_is_refused() -> None:
    with pytest.raises(ShapeError):
        points((1, 2, 0)).moved_to(np.zeros((2, 2)))
    with pytest.raises(ShapeError):
        detections((1, 2, 0)).moved_to(np.zeros((2, 2)))


def test_parts_are_concatenated_in_order() -> None:
    parts = [detections((1, 2, 0)), Detections.none(), detections((3, 4, 1), (5, 6, 0))]
    together = Detections.concatenate(parts)
    assert together.xy.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert together.class_index.tolist() == [0, 1, 0]
    assert len(Detections.concatenate([])) == 0


def test_detections_without_scores_are_points() -> None:
    plain = detections((1, 2, 1)).as_points()
    assert (plain.xy.tolist(), plain.class_index.tolist()) == ([[1, 2]], [1])


@pytest.mark.parametrize("classes", [[0], [0, 1, 2], [[0, 1]]])
def test_another_number_of_classes_than_positions_is_refused(classes: list[int]) -> None:
    with pytest.raises(ShapeError, match=r"class_index must be \(2,\)"):
        Points(np.zeros((2, 2)), np.array(classes))


def test_a_negative_class_is_refused() -> None:
    with pytest.raises(ShapeError, match="must not be negative; the least is -1"):
        Points(np.zeros((2, 2)), np.array([0, -1]))


def test_another_number_of_scores_than_positions_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"score must be \(1,\)"):
        Detections(np.zeros((1, 2)), np.array([0]), np.array([0.5, 0.5]))


@pytest.mark.parametrize("score", [-0.1, 1.1, np.nan])
def test_a_score_that_is_no_probability_is_refused(score: float) -> None:
    with pytest.raises(ShapeError, match="between 0 and 1"):
        Detections(np.zeros((1, 2)), np.array([0]), np.array([score]))


def test_positions_become_floats_and_classes_whole_numbers() -> None:
    some = Points(np.array([[1, 2]]), np.array([1], dtype=np.uint8))
    assert [array.dtype.name for array in (some.xy, some.class_index)] == ["float64", "int64"]
