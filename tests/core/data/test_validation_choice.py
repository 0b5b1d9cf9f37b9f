"""The fold to validate on: named for it, or asked for; and what serves for what is said."""

import pytest

from patherea_core.data.division import by_fold, holding_out
from patherea_core.data.validation_choice import (
    division_in_words,
    trained_test_folds,
    validation_fold,
)
from patherea_core.errors import DatasetError
from patherea_core.seeding import Seed
from tests.core.data.test_division import PUBLISHED, manifest


def of(*names: str) -> int:
    return validation_fold(manifest(("p", 0, 1), names=names), None)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (("train", "val"), 1),
        (("train", "test", "Validation"), 2),
        (("valid", "train"), 0),
        (("test", "fold_1", "fold_2"), 1),
        (("fold_1", "fold_2"), 0),
        (("train", "rest"), 1),
    ],
)
def test_unasked_the_fold_that_is_named_for_it_is_taken(
    names: tuple[str, ...], chosen: int
) -> None:
    assert of(*names) == chosen


def test_folds_without_names_begin_with_the_first() -> None:
    unnamed = PUBLISHED.model_copy(update={"fold_names": ()})
    assert validation_fold(unnamed, None) == 0
    assert validation_fold(unnamed, "2") == validation_fold(unnamed, 2) == 2


def test_the_test_is_never_taken_unasked() -> None:
    with pytest.raises(DatasetError, match=r"none .* is for validation \(train, test\); say with"):
        of("train", "test")


@pytest.mark.parametrize("name", ["train", "val", "all"])
def test_a_dataset_of_one_fold_is_not_sent_in_a_circle(name: str) -> None:
    single = manifest(("p", 0, 1), names=(name,))
    expected = rf"one fold alone, {name}, and a training needs two.*--folds 2"
    with pytest.raises(DatasetError, match=expected):
        validation_fold(single, None)
    with pytest.raises(DatasetError, match=expected):
        by_fold(single, validation_fold(single, name))


def test_an_empty_fold_is_named() -> None:
    source = manifest(("a", 0, 1), names=("train", "val"))
    with pytest.raises(
        DatasetError, match=r"with fold val for validation, .* no tile to validate on"
    ):
        by_fold(source, 1)
    with pytest.raises(DatasetError, match="with fold 7 for validation"):
        by_fold(source, 7)


def test_a_fold_is_asked_for_by_its_name_or_its_number() -> None:
    assert [validation_fold(PUBLISHED, one) for one in ("test", "2", 2)] == [2, 2, 2]


@pytest.mark.parametrize("wanted", ["dev", "3", 3, -1])
def test_a_fold_that_there_is_not_is_refused_with_those_there_are(wanted: int | str) -> None:
    with pytest.raises(DatasetError, match=r"no fold .*train, val, test"):
        validation_fold(PUBLISHED, wanted)


def test_a_dataset_without_an_image_is_refused_as_that() -> None:
    with pytest.raises(DatasetError, match="holds no image"):
        validation_fold(manifest(), None)


def test_what_serves_for_what_is_said_in_one_line() -> None:
    assert division_in_words(PUBLISHED, by_fold(PUBLISHED, 1)) == (
        "trains on 12 images of 11 patients, validates on 2 images of 2 patients (fold val)"
    )
    kept = holding_out(PUBLISHED, 2, validation_fold=1, seed=Seed(0))
    assert "keeps 2 images of 2 patients for the end" in division_in_words(PUBLISHED, kept)


def test_a_test_fold_that_is_trained_on_is_found() -> None:
    assert trained_test_folds(PUBLISHED, by_fold(PUBLISHED, 1)) == ("test",)
    assert not trained_test_folds(PUBLISHED, by_fold(PUBLISHED, 2))
