"""The flawed protocols err as the paper says: one too low, one too high, and both are labelled so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, TaxonomyError
from patherea_core.evaluation import flawed
from patherea_core.evaluation.counts import Counts
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.flawed import (
    count_distance_hungarian,
    count_one_to_many,
    flawed_counts,
)
from patherea_core.evaluation.scores import ClassCounts, count_classes
from patherea_core.points import Detections, Points
from tests.builders import detections, points

cells = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 2)), max_size=14
).map(lambda rows: points(*rows))


def field_of(found: Points, wanted: Points, *, radius: float | None = None) -> Field:
    own = None if radius is None else np.full(len(wanted), radius)
    scored = Detections(found.xy, found.class_index, np.ones(len(found)))
    return Field("a", scored, wanted, radius=own)


@settings(deadline=None)
@given(cells, cells, st.sampled_from([1.0, 2.0, 5.0]))
def test_the_truth_lies_between_the_two_flawed_scores(
    found: Points, wanted: Points, radius: float
) -> None:
    field = field_of(found, wanted)
    truth = count_classes(field.detections, field.points, 3, radius)
    wrong = flawed_counts([field], 3, radius)
    assert wrong.distance_hungarian is not None
    for low, true, high in zip(
        (*wrong.distance_hungarian.per_class, wrong.distance_hungarian.any_class),
        (*truth.per_class, truth.any_class),
        (*wrong.one_to_many.per_class, wrong.one_to_many.any_class),
        strict=True,
    ):
        assert low.true_positives <= true.true_positives <= high.true_positives
        assert low.false_negatives >= true.false_negatives >= high.false_negatives
        assert (low.f1 or 0) <= (true.f1 or 0) <= (high.f1 or 0)


def test_the_distance_hungarian_steals_a_hit() -> None:
    """Paper, figure 3 right: the first cell is hit, but its detection is given to the second one."""
    found, wanted = points((5, 0, 0), (-7, 0, 0)), points((0, 0, 0), (20, 0, 0))
    assert count_distance_hungarian(found.xy, wanted.xy, 6) == Counts(0, 2, 2)
    field = field_of(found, wanted)
    assert count_classes(field.detections, wanted, 1, 6).any_class == Counts(1, 1, 1)


def test_one_to_many_calls_every_detection_of_a_cell_a_hit() -> None:
    found, wanted = points((0, 0, 0), (1, 0, 0), (2, 0, 0)), points((0, 0, 0))
    assert count_one_to_many(found.xy, wanted.xy, 6) == Counts(3, 0, 0)


def test_one_to_many_lets_one_detection_find_several_cells() -> None:
    found, wanted = points((1, 0, 0)), points((0, 0, 0), (2, 0, 0), (50, 0, 0))
    assert count_one_to_many(found.xy, wanted.xy, 6) == Counts(1, 0, 1)


def test_both_include_a_distance_of_exactly_the_radius() -> None:
    found, wanted = points((3.6, 4.8, 0)), points((0, 0, 0))
    for count in (count_distance_hungarian, count_one_to_many):
        assert count(found.xy, wanted.xy, 6) == Counts(1, 0, 0)
        assert count(found.xy, wanted.xy, 5.999) == Counts(0, 1, 1)


def test_counts_are_summed_over_fields() -> None:
    one = field_of(points((0, 0, 0)), points((1, 0, 0)))
    other = field_of(points((0, 0, 1)), points((9, 0, 1), (20, 0, 1)))
    both, alone = (
        flawed_counts([one, other], 2, 6),
        [flawed_counts([f], 2, 6) for f in (one, other)],
    )
    assert both.one_to_many == alone[0].one_to_many + alone[1].one_to_many
    assert both.distance_hungarian == ClassCounts(
        (Counts(1, 0, 0), Counts(0, 1, 2)), Counts(1, 1, 2)
    )


@settings(deadline=None)
@given(cells, cells)
def test_equal_radii_of_all_points_are_one_common_radius(found: Points, wanted: Points) -> None:
    own = flawed_counts([field_of(found, wanted, radius=2.0)], 3, 6)
    assert own == flawed_counts([field_of(found, wanted)], 3, 2)


def test_the_distance_hungarian_is_left_out_rather_than_approximated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = field_of(points((0, 0, 0)), points((1, 0, 0)))
    large = field_of(points(*[(x, 0, 0) for x in range(4)]), points(*[(x, 0, 0) for x in range(4)]))
    monkeypatch.setattr(flawed, "MOST_DISTANCES", 16)
    assert flawed_counts([small, large], 1, 6).distance_hungarian is not None
    monkeypatch.setattr(flawed, "MOST_DISTANCES", 15)
    wrong = flawed_counts([small, large], 1, 6)
    assert wrong.distance_hungarian is None
    assert wrong.one_to_many.any_class == Counts(5, 0, 0)


def test_many_fields_together_are_too_many_for_the_distance_hungarian(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = [field_of(points((0, 0, 0)), points((1, 0, 0)))] * 3
    monkeypatch.setattr(flawed, "MOST_STEPS", 3 * 501)
    assert flawed_counts(fields, 1, 6).distance_hungarian is not None
    wrong = flawed_counts([*fields, fields[0]], 1, 6)
    assert wrong.distance_hungarian is None
    assert wrong.one_to_many.any_class == Counts(4, 0, 0)


@pytest.mark.parametrize(
    ("count", "cells", "affordable"),
    [(2400, 200, True), (1, 4000, True), (2, 4000, False), (250, 4000, False), (100, 1000, False)],
)
def test_the_budget_holds_about_ten_seconds_of_cells(
    count: int, cells: int, affordable: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No cell is paired: only their numbers decide.
    monkeypatch.setattr(flawed, "_summed", lambda *_: ClassCounts.none(1))
    many = points(*[(x, 0, 0) for x in range(cells)])
    wrong = flawed_counts([field_of(many, many)] * count, 1, 6)
    assert (wrong.distance_hungarian is not None) == affordable


def test_of_no_field_every_count_is_zero() -> None:
    wrong = flawed_counts([], 2, 6)
    assert wrong.distance_hungarian == wrong.one_to_many == ClassCounts.none(2)


@pytest.mark.parametrize("sort", ["detections", "points"])
def test_one_side_alone_is_all_wrong_or_all_missed(sort: str) -> None:
    some, none = points((0, 0, 0), (5, 5, 0)), Points.none()
    field = field_of(some, none) if sort == "detections" else field_of(none, some)
    expected = Counts(0, 2, 0) if sort == "detections" else Counts(0, 0, 2)
    wrong = flawed_counts([field], 1, 6)
    assert wrong.distance_hungarian is not None
    assert wrong.distance_hungarian.any_class == wrong.one_to_many.any_class == expected


def test_a_class_beyond_the_last_and_a_radius_of_zero_are_refused() -> None:
    field = Field("a", detections((0, 0, 2)), Points.none())
    with pytest.raises(TaxonomyError, match="class 2"):
        flawed_counts([field], 2, 6)
    with pytest.raises(InputError, match="radius must be a positive number"):
        flawed_counts([field], 3, 0)
