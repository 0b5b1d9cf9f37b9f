"""The manifest is consistent, and its digest changes with any word of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from patherea_core.data.manifest import (
    AnnotationRecord,
    ClassRecord,
    Manifest,
    SampleRecord,
    SlideRecord,
    checked_manifest,
    class_records,
    sample_id,
)
from patherea_core.errors import DatasetError
from patherea_core.geometry import Box
from tests.builders import TAXONOMY, sample


def manifest(*samples: SampleRecord, folds: int = 2) -> Manifest:
    return Manifest(
        classes=class_records(TAXONOMY),
        mpp=0.5,
        folds=folds,
        samples=samples,
        slides=(
            SlideRecord(
                name="noise.png",
                item_id="i1",
                base_mpp=0.25,
                patient="p",
                annotations=(AnnotationRecord(id="a1", name="labels", version=3, updated="2026"),),
            ),
        ),
        lineage={"folder": "f1"},
    )


def record(name: str = "s1", *, fold: int = 0) -> SampleRecord:
    return sample(name=name, fold=fold).record


def test_the_taxonomy_keeps_the_order_of_the_classes() -> None:
    assert manifest().taxonomy == TAXONOMY


def test_a_manifest_goes_through_json_unchanged() -> None:
    whole = manifest(record())
    assert Manifest.model_validate_json(whole.model_dump_json()) == whole


def test_what_is_known_of_annotators_stands_in_a_manifest_only_where_it_is_known() -> None:
    assert "annotator" not in manifest(record()).model_dump_json()
    assert "author" not in manifest(record()).model_dump_json()
    own = AnnotationRecord(id="a1", name="labels", version=3, author="anna", changed_to=4)
    slide = SlideRecord(name="s", base_mpp=0.25, patient="p", annotations=(own,))
    told = manifest(record().model_copy(update={"annotator": "anna"})).model_copy(
        update={"slides": (slide,)}
    )
    again = Manifest.model_validate_json(told.model_dump_json())
    assert again == told
    assert (again.samples[0].annotator, again.slides[0].annotations[0].changed_to) == ("anna", 4)
    assert told.digest() != manifest(record()).digest()


@given(st.text(), st.text(), st.text())
def test_samples_of_two_annotators_have_two_ids(slide: str, region: str, annotator: str) -> None:
    own = sample_id(slide, region, 0, 0, annotator)
    assert (
        len({own, sample_id(slide, region, 0, 0), sample_id(slide, region, 0, 0, annotator + "2")})
        == 3
    )


def test_equal_manifests_have_one_digest() -> None:
    assert manifest(record()).digest() == manifest(record()).digest()
    assert len(manifest().digest()) == 64


def test_the_digest_is_the_same_on_every_machine() -> None:
    expected = "9ba3d705bf241dd4af7c7fe9d0736ca616c55199457815aedef0a6109e886a2e"
    assert manifest(record()).digest() == expected


@pytest.mark.parametrize(
    "change",
    [
        {"mpp": 0.25},
        {"folds": 3},
        {"fold_names": ("train", "test")},
        {"samples": ()},
        {"slides": ()},
        {"lineage": {}},
        {"classes": class_records(TAXONOMY)[::-1]},
    ],
)
def test_any_change_changes_the_digest(change: dict[str, object]) -> None:
    whole = manifest(record())
    assert whole.model_copy(update=change).digest() != whole.digest()


def test_a_sample_knows_its_files_and_its_place() -> None:
    assert record("s1").files == ("images/s1.png", "points/s1.csv", "regions/s1.geojson")
    assert record().box == Box(0, 0, 48, 32)


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "a\\b", "a\n", "x" * 201, "ä"])
def test_an_id_that_could_leave_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="id"):
        record(name)


@pytest.mark.parametrize("names", [("s1", "s1"), ("s1", "S1")])
def test_two_samples_of_one_file_name_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(ValidationError, match="is named twice"):
        manifest(*(record(name) for name in names))


def test_a_fold_beyond_the_last_is_refused() -> None:
    with pytest.raises(ValidationError, match="in fold 2, but folds run from 0 to 1"):
        manifest(record(fold=2))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((), "at least one cell class"),
        ((ClassRecord(name="a", color="red"),), "must be #rrggbb"),
        ((ClassRecord(name="a", color="#000000"),) * 2, "named twice"),
    ],
)
def test_classes_that_are_no_taxonomy_are_refused(
    classes: tuple[ClassRecord, ...], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        Manifest(classes=classes, mpp=0.5, folds=1, samples=())


def test_a_refusal_names_the_manifest_and_the_field() -> None:
    with pytest.raises(DatasetError, match=r"^d\.json cannot be used: mpp: .*greater than 0"):
        checked_manifest(
            lambda: manifest().model_validate({**manifest().model_dump(), "mpp": 0}), "d.json"
        )


def test_a_refusal_of_contradictions_reads_as_a_sentence() -> None:
    with pytest.raises(DatasetError, match=r"^d\.json cannot be used: sample 's1' is named twice$"):
        checked_manifest(lambda: manifest(record(), record()), "d.json")


def test_sample_ids_are_valid_and_readable() -> None:
    name = sample_id("Case 7.ndpi", "Hotspot 1", 1024, -32)
    assert name.startswith("Case-7-ndpi-Hotspot-1-")
    assert record(name).id == name


@given(st.text(), st.text(), st.integers(-100, 10**6), st.integers(-100, 10**6))
def test_every_name_of_slide_and_region_gives_a_valid_id(
    slide: str, region: str, left: int, top: int
) -> None:
    name = sample_id(slide, region, left, top)
    assert record(name).id == name


@pytest.mark.parametrize(
    "other",
    [
        ("a-b", "c", 0, 0),
        ("a", "b c", 0, 0),
        ("a", "b/c", 1, 0),
        ("a", "b/c", 0, 1),
        ("A", "b/c", 0, 0),
    ],
)
def test_different_places_have_different_ids(other: tuple[str, str, int, int]) -> None:
    assert sample_id("a", "b/c", 0, 0).lower() != sample_id(*other).lower()
