"""Harvesting a review: the report, the table and the labels that a dataset is made of."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patherea_core.errors import InputError, OutputError, TaxonomyError
from patherea_core.evaluation.counts import Counts
from patherea_core.progress import Silent
from patherea_core.taxonomy import Taxonomy
from plugin.commands.harvest_review import HarvestRequest, run, run_in_job
from plugin.dsa.annotation_codec import decode
from plugin.dsa.annotations import list_annotations
from plugin.dsa.label_choice import LabelChoice
from plugin.dsa.labels import labelled_regions, read_labels
from plugin.dsa.people import Person
from plugin.dsa.session import connect
from plugin.review.outcome import ReviewOutcome
from plugin.review.reading import CorrectionsLeftOutError, NotReviewedError
from plugin.review.report import review_table
from tests.plugin.archive import TOKEN, FakeArchive, point, serving, square
from tests.plugin.review.runs import (
    ANN,
    ITEM,
    archive_with_run,
    correct,
    elements,
    push,
    written,
)


@pytest.fixture
def running() -> Iterator[tuple[FakeArchive, str]]:
    archive, annotation = archive_with_run()
    with serving(archive):
        yield archive, annotation


def harvest(archive: FakeArchive, **settings: Any) -> ReviewOutcome:  # noqa: ANN401
    request = HarvestRequest(api_url=archive.address, token=TOKEN, item_id=ITEM, **settings)
    return run(request, Silent())


def test_a_review_is_counted_and_told(running: tuple[FakeArchive, str], tmp_path: Path) -> None:
    archive, annotation = running
    correct(archive, annotation)
    outcome = harvest(archive, report=tmp_path / "review.json")
    assert outcome.scores.counts.per_class == (Counts(1, 1, 1), Counts(1, 1, 1))
    assert outcome.scores.counts.any_class == Counts(3, 1, 1)
    report = json.loads((tmp_path / "review.json").read_text())
    assert report["cells"]["positive"] == {
        "accepted": 0,
        "moved": 1,
        "relabelled": 1,
        "deleted": 0,
        "added": 1,
    }
    assert report["reviewers"][0]["login"] == "ann"
    assert report["moved_um"]["median"] == pytest.approx(5 * 0.25)
    assert report["detection"]["f1"] == pytest.approx(0.75)
    assert report["annotations"][0]["version"] == archive.annotations[annotation]["_version"]
    told = {change["kind"]: change for change in report["changes"]}
    assert set(told) == {"moved", "relabelled", "deleted", "added"}
    assert (told["relabelled"]["from"], told["relabelled"]["to"]) == ("positive", "negative")
    assert told["deleted"]["to"] is None
    assert told["deleted"]["score"] == pytest.approx(0.7)
    assert {change["reviewer"] for change in report["changes"]} == {"ann"}


def test_the_table_says_who_what_and_how_good(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation)
    table = review_table(harvest(archive))
    for words in ("positive -> negative: 1", "Reviewed by ann: 1 saves", "0.750", "is assumed"):
        assert words in table


def test_the_labels_are_what_the_reviewer_left(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation)
    harvest(archive)
    ((item, document),) = archive.posted
    assert item == ITEM
    shapes = decode({"_id": "1" * 24, "annotation": document})
    (region,) = labelled_regions([shapes], Taxonomy.of(["positive", "negative"]))
    assert region.outline.area == 400 * 300
    found = zip(region.points.xy.tolist(), region.points.class_index.tolist(), strict=True)
    assert sorted((*xy, of) for xy, of in found) == [
        (23.0, 24.0, 0),
        (60.0, 20.0, 1),
        (60.0, 60.0, 1),
        (90.0, 90.0, 0),
    ]
    origin = document["attributes"]["patherea"]["reviewed"]
    assert origin["run"] == "run"
    assert origin["annotations"][0]["id"] == annotation
    assert origin["reviewers"] == ["ann"]


def test_only_regions_that_a_person_drew_count(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation)
    archive.annotate(ITEM, square(0, 0, 40), name="reviewed here")
    outcome = harvest(archive, regions="reviewed*")
    assert outcome.areas.basis == "drawn"
    assert outcome.scores.counts.any_class == Counts(1, 0, 0)
    assert len(outcome.changes) - len(outcome.counted) == 4
    assert "is assumed" not in review_table(outcome)


def test_points_beside_the_regions_are_told_of(
    running: tuple[FakeArchive, str], caplog: pytest.LogCaptureFixture
) -> None:
    archive, _ = running
    archive.annotate(ITEM, square(0, 0, 40), point(5, 5), name="reviewed here")
    harvest(archive, regions="reviewed here")
    assert "1 points of annotation 'reviewed here' take no part" in caplog.text
    caplog.clear()
    outcome = harvest(
        archive, regions="reviewed here", reviewed="Cells run,reviewed here", labels="two"
    )
    assert "take no part" not in caplog.text
    assert outcome.scores.counts.any_class == Counts(1, 0, 1)


def test_the_searched_region_is_all_that_is_assumed(running: tuple[FakeArchive, str]) -> None:
    archive, _ = running
    archive.annotations.clear()
    region = "POLYGON ((0 0, 40 0, 40 300, 0 300, 0 0))"
    annotation = push(archive, written((20, 20, 0), (20, 60, 1), region=region))
    new = {**point(200, 200), "id": "e" * 24}
    archive.save(annotation, ANN, *elements(archive, annotation), new)
    outcome = harvest(archive)
    assert outcome.areas.area == 40 * 300
    assert outcome.scores.counts.any_class == Counts(2, 0, 0)


def test_a_run_that_nobody_touched_is_refused_unless_somebody_drew_what_was_reviewed(
    running: tuple[FakeArchive, str],
) -> None:
    archive, annotation = running
    with pytest.raises(
        NotReviewedError, match=r"nobody has saved annotation 'Cells run'.*--regions"
    ):
        harvest(archive)
    with pytest.raises(NotReviewedError, match="nobody has saved"):
        harvest(archive, assume="changed")
    assert archive.posted == []
    archive.annotate(ITEM, square(0, 0, 40), name="seen")
    assert harvest(archive, regions="seen", labels="").scores.counts.any_class == Counts(1, 0, 0)
    archive.save(annotation, ANN, *elements(archive, annotation))
    assert harvest(archive, labels="").scores.counts.any_class == Counts(4, 0, 0)


def test_hidden_cells_that_count_as_reviewed_are_told_of(
    running: tuple[FakeArchive, str],
) -> None:
    archive, annotation = running
    correct(archive, annotation)
    archive.annotations[annotation]["annotation"]["display"] = {"visible": False}
    assert "'Cells run' is hidden in the viewer" in review_table(harvest(archive, labels=""))
    archive.annotate(ITEM, square(0, 0, 40), name="seen")
    assert "is hidden" not in review_table(harvest(archive, labels="", regions="seen"))


def test_labels_of_a_whole_slide_are_warned_of(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation)
    archive.tiles[ITEM] |= {"sizeX": 40_000, "sizeY": 30_000}
    assert "The labels cover 75 mm²" in review_table(harvest(archive))
    archive.annotate(ITEM, square(0, 0, 39_000), name="seen")
    assert "The labels cover" not in review_table(harvest(archive, regions="seen", labels="two"))


def test_only_surroundings_of_changes_can_be_asked_for(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation)
    outcome = harvest(archive, assume="changed", side_um=10)
    assert outcome.areas.basis == "changed"
    assert outcome.scores.counts.any_class == Counts(2, 1, 1)


def test_groups_can_be_renamed_and_unknown_ones_are_said(
    running: tuple[FakeArchive, str], caplog: pytest.LogCaptureFixture
) -> None:
    archive, annotation = running
    first, *rest = elements(archive, annotation)
    archive.save(annotation, ANN, {**first, "group": "Stroma"}, *rest)
    outcome = harvest(archive)
    assert outcome.names.names == ("positive", "negative", "Stroma")
    assert "'Stroma' is none of the model's classes" in caplog.text
    renamed = harvest(archive, mapping={"Stroma": "negative"}, labels="two")
    assert renamed.names.names == ("positive", "negative")
    with pytest.raises(TaxonomyError, match="'stroma' that could be renamed"):
        harvest(archive, mapping={"stroma": "negative"}, labels="three")


def test_elements_that_are_no_points_are_told_of(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    circle = {"type": "circle", "center": [9, 9, 0], "radius": 4, "group": "positive"}
    archive.save(annotation, ANN, *elements(archive, annotation), circle, square(0, 0, 9))
    outcome = harvest(archive)
    assert "passed over: 1 circle, 1 polyline" in review_table(outcome)
    assert outcome.scores.counts.any_class == Counts(4, 0, 0)


def test_everything_deleted_is_a_review_too(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    archive.save(annotation, ANN)
    outcome = harvest(archive)
    assert outcome.scores.counts.any_class == Counts(0, 4, 0)
    assert outcome.scores.mean_f1 == 0


def test_labels_can_be_left_out_and_another_annotation_of_their_name_stays(
    running: tuple[FakeArchive, str], caplog: pytest.LogCaptureFixture
) -> None:
    archive, annotation = running
    correct(archive, annotation)
    harvest(archive, labels="")
    assert archive.posted == []
    archive.annotate(ITEM, square(0, 0, 10), name="Reviewed")
    harvest(archive)
    assert archive.posted == []
    assert "'Reviewed' is not of this state of the review, and stays as it is" in caplog.text


def test_wrong_names_are_told_before_anything_of_the_labels(
    running: tuple[FakeArchive, str], caplog: pytest.LogCaptureFixture
) -> None:
    archive, annotation = running
    correct(archive, annotation)
    archive.annotate(ITEM, square(0, 0, 10), name="Reviewed")
    with pytest.raises(NotReviewedError, match="no annotation 'nothing'"):
        harvest(archive, run="nothing")
    with pytest.raises(CorrectionsLeftOutError, match="that ann saved take no part"):
        harvest(archive, regions="nothing")
    assert "stays as it is" not in caplog.text


def test_the_labels_name_the_annotations_that_told_what_was_reviewed(
    running: tuple[FakeArchive, str],
) -> None:
    archive, annotation = running
    correct(archive, annotation)
    areas = archive.annotate(ITEM, square(0, 0, 40), name="seen areas")
    archive.annotate(ITEM, square(50, 0, 40), point(60, 9), name="seen labels")
    harvest(archive, regions="seen*")
    ((_, document),) = archive.posted
    made = archive.annotate(ITEM, name="Reviewed")
    archive.annotations[made]["annotation"] |= document
    listed = list_annotations(connect(archive.address, TOKEN), ITEM)
    # The other one has points of its own, so it is labels as before.
    assert {one.name: one.used_up for one in listed if one.used_up} == {"Reviewed": (areas,)}
    chosen = LabelChoice().taken(listed, lambda _: Person("1", "ann"))
    assert [one.name for one in chosen] == ["seen labels"]
    evaluated = read_labels(connect(archive.address, TOKEN), ITEM, "seen*")
    assert [shapes.annotation.name for shapes in evaluated] == ["seen labels"]
    # A review that is harvested again still finds its regions.
    assert len(harvest(archive, regions="seen*", labels="").areas.outlines) == 2


def test_only_a_job_has_the_table_in_its_log(
    running: tuple[FakeArchive, str], caplog: pytest.LogCaptureFixture
) -> None:
    archive, annotation = running
    correct(archive, annotation)
    with caplog.at_level(logging.INFO):
        harvest(archive)
        assert "positive -> negative" not in caplog.text
        request = HarvestRequest(api_url=archive.address, token=TOKEN, item_id=ITEM, labels="")
        run_in_job(request, Silent())
    assert caplog.text.count("positive -> negative: 1") == 1


def test_without_history_the_file_of_the_run_tells_what_was_pushed(
    running: tuple[FakeArchive, str], tmp_path: Path
) -> None:
    archive, annotation = running
    pushed = tmp_path / "cells.anot"
    pushed.write_text(json.dumps(written()))
    with pytest.raises(NotReviewedError, match="nobody has saved"):
        harvest(archive, pushed=pushed)
    correct(archive, annotation)
    archive.history.clear()
    outcome = harvest(archive, pushed=pushed)
    assert outcome.scores.counts.any_class == Counts(3, 1, 1)
    pushed.write_text("[]")
    with pytest.raises(InputError, match="no annotation as a run writes it"):
        harvest(archive, pushed=pushed, labels="two")


def test_a_report_that_cannot_be_written_is_refused_before_the_archive_is_asked(
    running: tuple[FakeArchive, str], tmp_path: Path
) -> None:
    archive, _ = running
    with pytest.raises(OutputError):
        harvest(archive, report=tmp_path / "none" / "review.json")
    assert archive.requests == []


def test_regions_that_are_not_there_and_sides_that_are_none_are_refused(
    running: tuple[FakeArchive, str],
) -> None:
    archive, _ = running
    with pytest.raises(InputError, match="no annotation 'reviewed' with a region"):
        harvest(archive, regions="reviewed")
    with pytest.raises(InputError, match="have a side"):
        harvest(archive, side_um=0)


def test_an_annotation_that_vanishes_while_it_is_read_is_named(
    running: tuple[FakeArchive, str],
) -> None:
    archive, annotation = running
    archive.on_request = lambda path: (
        archive.annotations.clear() if path == f"annotation/{annotation}" else None
    )
    archive.history[annotation] = [archive.annotations[annotation] | {"_id": "9" * 24}]
    with pytest.raises(InputError, match="'Cells run' was deleted while it was read"):
        harvest(archive)


def test_the_page_of_one_slide_shows_what_was_changed(
    running: tuple[FakeArchive, str], tmp_path: Path
) -> None:
    archive, annotation = running
    correct(archive, annotation)
    harvest(archive, page=tmp_path / "review.html", labels="")
    page = (tmp_path / "review.html").read_text(encoding="utf-8")
    assert page.count("data:image/png") == 3
    for words in ("Reviews of s.tif", "positive → negative", "ann", "There is one slide"):
        assert words in page


def test_nothing_else_is_written_to_the_archive(
    running: tuple[FakeArchive, str], caplog: pytest.LogCaptureFixture
) -> None:
    archive, annotation = running
    correct(archive, annotation)
    with caplog.at_level(logging.DEBUG):
        harvest(archive)
    assert [line for line in archive.requests if not line.startswith("GET")] == [
        f"POST annotation/item/{ITEM}"
    ]
    assert TOKEN not in caplog.text
