"""Who learns, who chooses and who is kept for the end: never the same sample, never the same patient."""

import logging
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.data.division import Division, by_fold, dealt_anew, fold_called, holding_out
from patherea_core.data.manifest import ClassRecord, Manifest, SampleRecord
from patherea_core.errors import DatasetError
from patherea_core.seeding import Seed

SEED = Seed(0)


def manifest(
    *samples: tuple[str, int, int], names: Sequence[str] = ("train", "val", "test")
) -> Manifest:
    """Return a manifest of samples given by patient, fold and number of points."""
    return Manifest(
        classes=(ClassRecord(name="cell", color="#ff0000"),),
        mpp=0.5,
        folds=len(names),
        fold_names=tuple(names),
        samples=tuple(
            SampleRecord(
                id=f"s{row}",
                slide=f"slide {row}",
                region="all",
                patient=patient,
                fold=fold,
                left=0,
                top=0,
                width=32,
                height=32,
                base_mpp=0.5,
                points=points,
            )
            for row, (patient, fold, points) in enumerate(samples)
        ),
    )


PUBLISHED = manifest(
    *((f"p{number}", 0, 10 + number) for number in range(10)),
    ("v1", 1, 20),
    ("v2", 1, 20),
    ("t1", 2, 20),
    ("p3", 2, 5),
)


def patients(source: Manifest, rows: Sequence[int]) -> set[str]:
    return {source.samples[row].patient for row in rows}


def test_one_fold_is_validated_on_and_all_others_are_trained_on() -> None:
    division = by_fold(PUBLISHED, 1)
    assert division.validation == (10, 11)
    assert division.training == (*range(10), 12, 13)
    assert division.test == ()


def test_a_published_split_is_taken_as_it_is_but_for_patients_of_the_test(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.INFO):
        division = holding_out(PUBLISHED, 2, validation_fold=1, seed=SEED)
    assert division.test == (12, 13)
    assert division.validation == (10, 11)
    assert division.training == (0, 1, 2, 4, 5, 6, 7, 8, 9)
    assert "left out 1 images of patients who are also in the test fold: p3" in caplog.text


def test_a_fold_called_test_is_left_alone_where_another_is_kept() -> None:
    division = holding_out(PUBLISHED, 1, seed=SEED)
    assert division.test == (10, 11)
    assert {*division.training, *division.validation} == {*range(10)}


def test_patients_who_are_validated_on_are_not_trained_on() -> None:
    leaking = manifest(("a", 0, 1), ("b", 0, 1), ("b", 1, 1), ("c", 2, 1))
    division = holding_out(leaking, 2, validation_fold=1, seed=SEED)
    assert (division.training, division.validation) == ((0,), (2,))


@given(
    owners=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 400)), min_size=8, max_size=60),
    parts=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_parts_share_no_patient_cover_all_of_them_and_have_about_as_many_points(
    owners: list[tuple[int, int]], parts: int, seed: int
) -> None:
    rows = [(f"p{owner}", 0, points) for owner, points in owners]
    source = manifest(*rows, ("t", 1, 7), names=("train", "test"))
    learnt = {f"p{owner}" for owner, _ in owners}
    if len(learnt) < parts:
        with pytest.raises(DatasetError, match=f"{parts} parts need at least {parts} patients"):
            holding_out(source, 1, parts=parts, seed=Seed(seed))
        return
    divisions = [
        holding_out(source, 1, parts=parts, part=part, seed=Seed(seed)) for part in range(parts)
    ]
    chosen = [patients(source, division.validation) for division in divisions]
    assert set().union(*chosen) == learnt
    assert sum(map(len, chosen)) == len(learnt)
    for division, own in zip(divisions, chosen, strict=True):
        assert patients(source, division.training) == learnt - own
        assert division.test == (len(rows),)
    loads = [sum(source.samples[row].points for row in one.validation) for one in divisions]
    richest = max(
        sum(points for owner, points in owners if owner == patient) for patient, _ in owners
    )
    assert max(loads) - min(loads) <= richest


def test_the_same_seed_deals_the_same_parts_and_another_seed_others() -> None:
    one, same, other = (holding_out(PUBLISHED, 2, seed=Seed(value)) for value in (1, 1, 2))
    assert one == same
    assert one.validation != other.validation
    assert one.identity != other.identity


def test_the_identity_tells_apart_what_the_words_do_not() -> None:
    one, other = Division((0,), (1,), (), "by hand"), Division((1,), (0,), (), "by hand")
    assert one.identity != other.identity
    assert one.identity.startswith("by hand [")


def test_folds_of_our_own_keep_the_samples_and_share_no_patient() -> None:
    source = manifest(*((f"p{number % 7}", 0, number) for number in range(20)), names=("all",))
    dealt = dealt_anew(source, 3, SEED)
    assert [sample.id for sample in dealt.samples] == [sample.id for sample in source.samples]
    folds = [
        patients(dealt, [row for row, sample in enumerate(dealt.samples) if sample.fold == fold])
        for fold in range(3)
    ]
    assert all(folds)
    assert sum(map(len, folds)) == 7
    division = holding_out(dealt, fold_called(dealt, "own fold 2 of 3"), parts=2, seed=SEED)
    assert patients(dealt, division.test) == folds[1]


@pytest.mark.parametrize(
    ("fold", "options", "reason"),
    [
        (3, {}, "no fold 3; its folds are numbered from 0 to 2"),
        (2, {"validation_fold": 5}, "no fold 5"),
        (2, {"validation_fold": 2}, "fold test cannot be validated on and kept"),
        (2, {"part": 5}, "no part 6 of 5; parts run from 1 to 5"),
        (2, {"parts": 40}, "40 parts need at least 40 patients, but there are 11"),
        (2, {"parts": 1}, "no tile left to train on"),
    ],
    ids=str,
)
def test_a_division_that_cannot_be_is_refused(
    fold: int, options: dict[str, int], reason: str
) -> None:
    with pytest.raises(DatasetError, match=reason):
        holding_out(PUBLISHED, fold, seed=SEED, **options)


@pytest.mark.parametrize(
    ("fold", "reason"), [(1, "no tile to test on"), (2, "no tile to validate on")]
)
def test_an_empty_fold_is_refused(fold: int, reason: str) -> None:
    source = manifest(("a", 0, 1), ("b", 2, 1))
    with pytest.raises(DatasetError, match=reason):
        holding_out(source, fold, validation_fold=3 - fold, seed=SEED)


def test_a_fold_is_found_by_its_name_or_else_by_its_number() -> None:
    assert fold_called(PUBLISHED, "val") == 1
    unnamed = PUBLISHED.model_copy(update={"fold_names": ()})
    assert fold_called(unnamed, "2") == 2
    with pytest.raises(DatasetError, match="no fold 'dev'; its folds are: train, val, test"):
        fold_called(PUBLISHED, "dev")


def test_a_sample_that_serves_for_two_things_is_refused() -> None:
    with pytest.raises(DatasetError, match="would serve for two things"):
        Division((0, 1), (1,), (), "by hand")
