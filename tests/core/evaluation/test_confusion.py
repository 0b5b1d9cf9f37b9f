"""Every cell and every detection is in the matrix once, with the class each side gave it."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.errors import InputError, ShapeError, TaxonomyError
from patherea_core.evaluation.confusion import Confusion, class_confusion, patient_confusions
from patherea_core.evaluation.field import Field
from patherea_core.evaluation.scores import count_classes
from patherea_core.points import Detections, Points
from tests.builders import detections, points

cells = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2)), max_size=12
).map(lambda rows: points(*rows))
own_radii = st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=12, max_size=12).map(np.array)


def field_of(found: Points, wanted: Points) -> Field:
    return Field("a", Detections(found.xy, found.class_index, np.ones(len(found))), wanted)


def test_each_cell_is_in_the_row_of_the_person_and_the_column_of_the_model() -> None:
    found = detections((0, 0, 0), (10, 0, 1), (20, 0, 1), (90, 0, 0))
    wanted = points((1, 0, 0), (11, 0, 0), (21, 0, 1), (50, 0, 1))
    confusion = class_confusion([Field("a", found, wanted)], 2, 6)
    assert confusion.matrix.tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 0]]
    assert (confusion.paired, confusion.class_count) == (3, 2)
    assert confusion.accuracy == pytest.approx(2 / 3)


def test_a_cell_is_compared_with_its_closest_detection() -> None:
    found = detections((4, 0, 1), (1, 0, 0))
    confusion = class_confusion([Field("a", found, points((0, 0, 0)))], 2, 6)
    assert confusion.matrix.tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 0]]


@settings(deadline=None)
@given(cells, cells)
def test_every_cell_is_counted_once(found: Points, wanted: Points) -> None:
    field = field_of(found, wanted)
    confusion = class_confusion([field], 3, 2)
    by_person, by_model = confusion.matrix.sum(axis=1), confusion.matrix.sum(axis=0)
    assert by_person[:3].tolist() == np.bincount(wanted.class_index, minlength=3).tolist()
    assert by_model[:3].tolist() == np.bincount(found.class_index, minlength=3).tolist()
    assert confusion.matrix[3, 3] == 0
    any_class = count_classes(field.detections, wanted, 3, 2).any_class
    assert confusion.paired == any_class.true_positives
    assert by_person[3] == any_class.false_positives
    assert by_model[3] == any_class.false_negatives


@settings(deadline=None)
@given(cells, cells, own_radii, st.integers(0, 2**32))
def test_the_matrix_does_not_depend_on_the_order_of_cells(
    found: Points, wanted: Points, radius: np.ndarray[tuple[int], np.dtype[np.float64]], seed: int
) -> None:
    random = np.random.default_rng(seed)
    scored = Detections(found.xy, found.class_index, np.ones(len(found)))
    radius = radius[: len(wanted)]
    order = random.permutation(len(wanted))
    ordered = Field("a", scored, wanted, radius=radius)
    shuffled = Field(
        "a", scored.take(random.permutation(len(scored))), wanted.take(order), radius=radius[order]
    )
    one, other = (class_confusion([field], 3, 6) for field in (ordered, shuffled))
    assert one.matrix.tolist() == other.matrix.tolist()


def test_a_cell_has_its_own_radius() -> None:
    found, wanted = detections((3, 0, 0), (13, 0, 0)), points((0, 0, 0), (10, 0, 0))
    field = Field("a", found, wanted, radius=np.array([2.0, 3.0]))
    assert class_confusion([field], 1, 6).matrix.tolist() == [[1, 1], [1, 0]]


def test_confusions_add_up_over_fields() -> None:
    one = Field("a", detections((0, 0, 1)), points((0, 0, 0)))
    other = Field("b", detections((0, 0, 0)), points((0, 0, 0), (50, 0, 1)))
    added = class_confusion([one], 2, 6) + class_confusion([other], 2, 6)
    assert class_confusion([one, other], 2, 6).matrix.tolist() == added.matrix.tolist()
    assert added.matrix.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.randoms())
@settings(max_examples=30)
def test_confusions_of_patients_add_up_whatever_the_order_of_fields(
    patients: list[str], random: Random
) -> None:
    fields = [
        Field("f", detections((0, 0, row % 2)), points((0, 0, 0)), patient=patient)
        for row, patient in enumerate(patients)
    ]
    each = [class_confusion([field], 2, 6) for field in fields]
    found = patient_confusions(fields, each)
    assert [one.patient for one in found] == sorted(set(patients))
    for one in found:
        own = [field for field in fields if field.patient == one.patient]
        assert one.confusion.matrix.tolist() == class_confusion(own, 2, 6).matrix.tolist()
    rows = random.sample(range(len(fields)), len(fields))
    again = patient_confusions([fields[row] for row in rows], [each[row] for row in rows])
    assert [one.confusion.matrix.tolist() for one in again] == [
        one.confusion.matrix.tolist() for one in found
    ]


def test_images_are_not_taken_for_patients() -> None:
    fields = [Field("a", detections(), points(), patient="p"), Field("b", detections(), points())]
    assert patient_confusions(fields, [class_confusion([one], 2, 6) for one in fields]) == ()


def test_shares_are_of_each_row_and_an_empty_row_has_none() -> None:
    confusion = Confusion(np.array([[3, 0, 1], [0, 0, 0], [1, 1, 0]]))
    assert confusion.shares() == ((0.75, 0.0, 0.25), None, (0.5, 0.5, 0.0))


def test_without_a_found_cell_accuracy_is_undefined() -> None:
    missed = Field("a", Detections.none(), points((0, 0, 0)))
    confusion = class_confusion([missed], 1, 6)
    assert confusion.accuracy is None
    assert confusion.shares() == ((0.0, 1.0), None)
    assert class_confusion([], 1, 6).matrix.tolist() == Confusion.none(1).matrix.tolist()


@pytest.mark.parametrize("shape", [(0, 0), (2, 3), (4,)])
def test_a_matrix_that_is_not_square_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"must be \(T \+ 1, T \+ 1\)"):
        Confusion(np.zeros(shape, dtype=np.int64))


def test_confusions_of_different_taxonomies_do_not_add_up() -> None:
    with pytest.raises(ShapeError, match="1 and of 2 classes"):
        Confusion.none(1) + Confusion.none(2)


def test_a_class_beyond_the_last_and_a_radius_of_zero_are_refused() -> None:
    field = Field("a", detections((0, 0, 2)), Points.none())
    with pytest.raises(TaxonomyError, match="class 2"):
        class_confusion([field], 2, 6)
    with pytest.raises(InputError, match="radius must be a positive number"):
        class_confusion([field], 3, 0)
