"""Folds keep patients apart, depend on no order, and hold about as many points each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.data.folds import assign_folds, assign_region_folds
from patherea_core.errors import DatasetError

patients = st.dictionaries(st.text(max_size=4), st.integers(0, 500), min_size=5, max_size=20)
fold_counts = st.integers(1, 5)


@given(patients, fold_counts)
def test_every_patient_has_one_fold_and_no_fold_is_empty(
    points: dict[str, int], folds: int
) -> None:
    assigned = assign_folds(points, folds)
    assert assigned.keys() == points.keys()
    assert set(assigned.values()) == set(range(folds))


@given(patients, fold_counts, st.data())
def test_folds_do_not_depend_on_the_order_of_patients(
    points: dict[str, int], folds: int, data: st.DataObject
) -> None:
    names = data.draw(st.permutations(list(points)))
    assert assign_folds({name: points[name] for name in names}, folds) == assign_folds(
        points, folds
    )


@given(patients, fold_counts)
def test_folds_differ_by_no_more_points_than_the_largest_patient_has(
    points: dict[str, int], folds: int
) -> None:
    loads = [0] * folds
    for name, fold in assign_folds(points, folds).items():
        loads[fold] += points[name]
    assert max(loads) - min(loads) <= max(points.values())


def test_points_are_balanced_not_patients() -> None:
    assigned = assign_folds({"a": 100, "b": 40, "c": 35, "d": 25}, 2)
    assert assigned == {"a": 0, "b": 1, "c": 1, "d": 1}


def test_patients_without_points_are_spread_too() -> None:
    assert set(assign_folds({"a": 0, "b": 0, "c": 0}, 3).values()) == {0, 1, 2}


def test_fewer_patients_than_folds_are_refused() -> None:
    with pytest.raises(DatasetError, match="3 folds need at least 3 patients, but there are 2"):
        assign_folds({"a": 1, "b": 2}, 3)


def test_no_fold_is_refused() -> None:
    with pytest.raises(DatasetError, match="at least one fold, not 0"):
        assign_folds({"a": 1}, 0)


def test_regions_of_one_patient_are_spread_like_patients() -> None:
    points = {"r1": 10, "r2": 20, "r3": 5}
    assert assign_region_folds(points, 3) == assign_folds(points, 3)


def test_fewer_regions_than_folds_are_refused() -> None:
    with pytest.raises(DatasetError, match="2 folds need at least 2 regions, but there are 1"):
        assign_region_folds({"r1": 1}, 2)
