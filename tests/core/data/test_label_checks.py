"""Points, classes and folds that spoil a dataset are told apart from those that do not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.data.label_checks import (
    class_findings,
    duplicate_findings,
    edit_distance,
    leaking_patients,
    looks_like_a_typo,
    outside_findings,
    split_findings,
)
from patherea_core.data.manifest import Manifest, class_records
from patherea_core.taxonomy import Taxonomy
from tests.builders import points, ring, sample

WORDS = st.text("abc", max_size=6)


def manifest(
    *places: tuple[str, int], folds: int = 2, names: tuple[str, ...] = ("round", "long")
) -> Manifest:
    """Return a manifest of samples, each a patient and a fold."""
    records = [
        sample(name=f"s{number}").record.model_copy(update={"patient": patient, "fold": fold})
        for number, (patient, fold) in enumerate(places)
    ]
    return Manifest(
        classes=class_records(Taxonomy.of(names)), mpp=0.5, folds=folds, samples=tuple(records)
    )


# Points


def test_a_point_outside_of_the_labelled_area_is_an_error_with_its_place() -> None:
    strayed = sample(points((6, 3, 0), (12.5, 10.25, 1), (30, 3, 1)), labelled=ring(2, 0, 20, 10))
    (finding,) = outside_findings(strayed)
    assert (finding.grade, finding.count, finding.sample) == ("error", 2, "s1")
    assert [(place.x, place.y) for place in finding.places] == [(12.5, 10.25), (30, 3)]


def test_a_point_on_the_edge_of_the_labelled_area_is_inside() -> None:
    assert not outside_findings(sample(points((2, 3, 0), (22, 20, 1)), labelled=ring(2, 0, 20, 5)))


def test_two_points_nearer_than_two_nuclei_are_one_cell_labelled_twice() -> None:
    doubled = sample(points((10, 10, 0), (15.9, 10, 0), (30, 20, 0), (30, 20, 1)))
    found = {finding.check: finding for finding in duplicate_findings(doubled, 0.5)}
    assert set(found) == {"duplicate", "contradiction"}
    assert [finding.count for finding in found.values()] == [1, 1]
    assert (found["contradiction"].places[0].x, found["contradiction"].places[0].y) == (30, 20)


def test_points_three_micrometres_apart_are_two_cells() -> None:
    assert not duplicate_findings(sample(points((10, 10, 0), (16, 10, 0))), 0.5)
    assert duplicate_findings(sample(points((10, 10, 0), (16, 10, 0))), 0.49)


def test_one_point_has_no_double() -> None:
    assert not duplicate_findings(sample(points((10, 10, 0))), 0.5)


# Classes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("lymphocyte", "Lymphocyte"),
        ("lymphocyte", "lymphocytes"),
        ("lymphocyte", "lymphozyte"),
        ("epithelial", "epithilal"),
        ("other positive", "other-positive"),
        ("other positive", "otherpositive"),
        ("other positive", "other positiv"),
    ],
)
def test_names_that_differ_by_a_slip_look_like_one_class(one: str, other: str) -> None:
    assert looks_like_a_typo(one, other)
    assert looks_like_a_typo(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("positive", "negative"),
        ("other positive", "positive"),
        ("B cell", "T cell"),
        ("grade 1", "grade 2"),
        ("type1", "type2"),
        ("epithelial", "endothelial"),
        ("neutrophil", "eosinophil"),
        ("round", "long"),
    ],
)
def test_names_that_differ_on_purpose_do_not(one: str, other: str) -> None:
    assert not looks_like_a_typo(one, other)


@given(WORDS, WORDS, WORDS)
def test_edit_distance_is_a_distance(one: str, other: str, third: str) -> None:
    assert (edit_distance(one, other) == 0) == (one == other)
    assert edit_distance(one, other) == edit_distance(other, one)
    assert edit_distance(one, third) <= edit_distance(one, other) + edit_distance(other, third)


@given(WORDS, st.integers(0, 6), st.sampled_from("xyz"))
def test_one_letter_more_is_one_edit(word: str, place: int, letter: str) -> None:
    assert edit_distance(word, word[:place] + letter + word[place:]) == 1


def test_classes_that_are_rare_or_absent_are_told() -> None:
    several = manifest(("a", 0), ("b", 1), names=("round", "long", "flat", "Round"))
    counts = {0: np.array([60, 49, 0, 70]), 1: np.array([60, 0, 0, 70])}
    found = [(finding.check, finding.message) for finding in class_findings(several, counts)]
    assert found == [
        ("typo", "classes 'round' and 'Round' differ by a letter or two; is it one class?"),
        ("rare", "class 'long' has only 49 points"),
        ("absent", "class 'long' has no point in fold 1"),
        ("rare", "class 'flat' has no point"),
    ]


# The split


def test_a_patient_in_two_folds_is_an_error() -> None:
    leaking = manifest(("a", 0), ("a", 1), ("b", 1), ("b", 1))
    assert leaking_patients(leaking) == {"a": ("0", "1")}
    errors = [finding for finding in split_findings(leaking) if finding.grade == "error"]
    assert [error.message for error in errors] == ["patient 'a' is in folds 0 and 1"]


def test_folds_are_called_as_they_were_published() -> None:
    named = manifest(("a", 0), ("a", 1)).model_copy(update={"fold_names": ("train", "val")})
    assert leaking_patients(named) == {"a": ("train", "val")}


def test_a_sound_split_of_enough_patients_is_not_mentioned() -> None:
    assert not split_findings(manifest(*((f"p{row}", row % 2) for row in range(5))))


def test_few_patients_and_empty_folds_are_told() -> None:
    messages = [finding.message for finding in split_findings(manifest(("a", 0)))]
    assert messages == [
        "fold 1 has no image",
        "only 1 patient; scores need not hold for the next one",
    ]


def test_slides_that_are_their_own_patients_are_noted() -> None:
    own = [
        sample(name=name).record.model_copy(update={"patient": name, "slide": name})
        for name in "abcde"
    ]
    several = manifest(("a", 0), folds=1).model_copy(update={"samples": tuple(own)})
    (finding,) = split_findings(several)
    assert (finding.check, finding.grade) == ("patients", "note")
