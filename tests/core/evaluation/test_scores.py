"""Each class is paired on its own; the mean is over the classes that occur."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError, TaxonomyError
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.scores import ClassCounts, count_classes, mean_f1, micro
from patherea_core.points import Detections, Points
from tests.builders import detections, points

cells = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2)), max_size=12
).map(lambda rows: points(*rows))


def test_a_hit_of_the_wrong_class_counts_for_any_class_only() -> None:
    counted = count_classes(detections((0, 0, 0)), points((0, 0, 1)), 2, 6)
    assert counted.per_class == (Counts(0, 1, 0), Counts(0, 0, 1))
    assert counted.any_class == Counts(1, 0, 0)


def test_a_cell_of_another_class_is_not_in_the_way() -> None:
    found = detections((0, 0, 0), (1, 0, 1))
    counted = count_classes(found, points((1, 0, 0), (0, 0, 1)), 2, 1)
    assert counted.per_class == (Counts(1, 0, 0), Counts(1, 0, 0))
    assert counted.any_class == Counts(2, 0, 0)


def test_zero_cells_are_counted_as_zero() -> None:
    assert count_classes(Detections.none(), Points.none(), 3, 6) == ClassCounts.none(3)


@settings(deadline=None)
@given(cells, cells, st.integers(0, 2**32))
def test_counts_do_not_depend_on_the_order_of_cells(
    found: Points, wanted: Points, seed: int
) -> None:
    random = np.random.default_rng(seed)
    scored = Detections(found.xy, found.class_index, np.ones(len(found)))
    ordered = count_classes(scored, wanted, 3, 2)
    shuffled = count_classes(
        scored.take(random.permutation(len(scored))),
        wanted.take(random.permutation(len(wanted))),
        3,
        2,
    )
    assert ordered == shuffled


@settings(deadline=None)
@given(cells, cells)
def test_counts_account_for_every_cell(found: Points, wanted: Points) -> None:
    scored = Detections(found.xy, found.class_index, np.ones(len(found)))
    counted = count_classes(scored, wanted, 3, 2)
    for row, counts in enumerate(counted.per_class):
        assert counts.detections == np.count_nonzero(found.class_index == row)
        assert counts.points == np.count_nonzero(wanted.class_index == row)
    assert (counted.any_class.detections, counted.any_class.points) == (len(found), len(wanted))
    hits = sum(counts.true_positives for counts in counted.per_class)
    assert hits <= counted.any_class.true_positives


@settings(deadline=None)
@given(cells, cells)
def test_regions_far_apart_count_as_their_sum(found: Points, wanted: Points) -> None:
    scored = Detections(found.xy, found.class_index, np.ones(len(found)))
    alone = count_classes(scored, wanted, 3, 2)
    far_found = Detections.concatenate([scored, scored.moved_to(scored.xy + 1000.0)])
    far_wanted = Points(
        np.concatenate([wanted.xy, wanted.xy + 1000.0]), np.tile(wanted.class_index, 2)
    )
    assert count_classes(far_found, far_wanted, 3, 2) == alone + alone


def test_a_class_never_found_lowers_the_mean() -> None:
    assert mean_f1([Counts(8, 2, 2), Counts(0, 0, 5)]) == pytest.approx(0.4)


def test_a_class_only_found_wrongly_lowers_the_mean() -> None:
    assert mean_f1([Counts(8, 2, 2), Counts(0, 5, 0)]) == pytest.approx(0.4)


def test_a_class_that_does_not_occur_is_left_out_of_the_mean() -> None:
    assert mean_f1([Counts(8, 2, 2), Counts.none()]) == pytest.approx(0.8)


def test_the_mean_over_no_class_is_undefined() -> None:
    assert mean_f1([Counts.none(), Counts.none()]) is None


def test_the_micro_mean_weighs_every_cell_the_same() -> None:
    total = micro([Counts(80, 10, 10), Counts(0, 5, 5)])
    assert total == Counts(80, 15, 15)
    assert total.f1 == pytest.approx(80 / 95)


def test_the_micro_mean_of_no_class_is_undefined() -> None:
    assert micro([]) == Counts.none()
    assert micro([Counts.none()]).f1 is None


def test_a_cell_of_the_wrong_class_is_two_errors_of_the_micro_mean() -> None:
    counted = count_classes(detections((0, 0, 0)), points((0, 0, 1)), 2, 6)
    assert micro(counted.per_class) == Counts(0, 1, 1)


def test_every_class_takes_the_radii_of_its_own_points() -> None:
    found = detections((0, 0, 0), (10, 0, 1), (20, 0, 0))
    wanted = points((3, 0, 0), (13, 0, 1), (23, 0, 0))
    counted = count_classes(found, wanted, 2, np.array([2.0, 4.0, 3.0]))
    assert counted.per_class == (Counts(1, 1, 1), Counts(1, 0, 0))
    assert counted.any_class == Counts(2, 1, 1)


@settings(deadline=None)
@given(cells, cells)
def test_equal_radii_of_all_points_are_one_common_radius(found: Points, wanted: Points) -> None:
    scored = Detections(found.xy, found.class_index, np.ones(len(found)))
    own = np.full(len(wanted), 2.0)
    assert count_classes(scored, wanted, 3, own) == count_classes(scored, wanted, 3, 2)


def test_radii_of_other_points_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(1,\) radii like the points"):
        count_classes(Detections.none(), points((0, 0, 0)), 1, np.array([1.0, 2.0]))


def test_a_radius_of_zero_is_refused_even_without_cells() -> None:
    with pytest.raises(InputError, match="radius must be a positive number, not 0"):
        count_classes(Detections.none(), Points.none(), 1, 0)


def test_counts_of_different_taxonomies_do_not_add_up() -> None:
    with pytest.raises(ShapeError, match="1 and of 2 classes"):
        ClassCounts.none(1) + ClassCounts.none(2)


@pytest.mark.parametrize("what", ["detection", "point"])
def test_a_class_beyond_the_last_is_refused(what: str) -> None:
    found = detections((0, 0, 2)) if what == "detection" else Detections.none()
    wanted = points((0, 0, 2)) if what == "point" else Points.none()
    with pytest.raises(TaxonomyError, match=f"a {what} has class 2, but there are 2"):
        count_classes(found, wanted, 2, 6)
