"""A reviewed run is read from the archive: both its states, and who saved it in between."""

from collections.abc import Iterator

import girder_client
import pytest

from patherea_core.errors import AnnotationError, InputError
from plugin.dsa.items import slide_named
from plugin.dsa.session import Session
from plugin.review.reading import ReviewedRun, ReviewNames, read_review
from tests.plugin.archive import TOKEN, FakeArchive, point, serving
from tests.plugin.review.runs import (
    ANN,
    BOB,
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


def read(archive: FakeArchive, run: str = "", reviewed: str = "") -> ReviewedRun:
    client = girder_client.GirderClient(apiUrl=archive.address)
    client.setToken(TOKEN)
    session = Session(client, sleep=lambda _: None)
    return read_review(session, slide_named(session, ITEM), ReviewNames(run, reviewed))


def counts(run: ReviewedRun) -> tuple[list[int], list[int]]:
    before, after = (
        [len(document["annotation"]["elements"]) for document in documents]
        for documents in (run.pushed, run.reviewed)
    )
    return before, after


def test_a_run_that_nobody_touched_is_both_states(running: tuple[FakeArchive, str]) -> None:
    archive, _ = running
    run = read(archive)
    assert run.pushed == run.reviewed
    assert run.sittings == ()
    assert run.classes == ("positive", "negative")
    assert run.run_id == "run"


def test_the_first_state_and_the_last_are_read(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation)
    archive.save(annotation, ANN, *elements(archive, annotation)[:2])
    run = read(archive)
    assert counts(run) == ([4], [2])
    (sitting,) = run.sittings
    assert (sitting.reviewer, sitting.saves) == ("ann", 2)


def test_with_two_reviewers_each_change_has_its_own(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation, ANN)
    ids = [element["id"] for element in written()["elements"]]
    archive.save(annotation, BOB, *elements(archive, annotation)[1:])
    run = read(archive)
    assert [sitting.reviewer for sitting in run.sittings] == ["ann", "bob"]
    # The first cell was moved by one and deleted by the other.
    assert run.touched[ids[0]].reviewer == "bob"
    assert run.touched[ids[1]].reviewer == "ann"
    assert run.touched[ids[2]].reviewer == "ann"
    assert ids[3] not in run.touched
    assert run.touched["d" * 24].reviewer == "ann"


def test_a_login_that_is_secret_is_an_id(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation, "9" * 24)
    assert read(archive).sittings[0].reviewer == "9" * 24


def test_the_newest_run_is_taken_unless_one_is_named(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    newer = {**written((1, 1, 0)), "name": "Cells newer"}
    newer["attributes"] = {"patherea": {**newer["attributes"]["patherea"], "run": "newer"}}
    push(archive, newer)
    assert read(archive).run_id == "newer"
    assert read(archive, "Cells run").run_id == "run"
    assert read(archive, annotation).run_id == "run"


def test_a_copy_is_compared_with_what_was_pushed_first(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    copy = push(archive, {**written(), "name": "Cells run, copy"})
    correct(archive, copy)
    run = read(archive, "Cells run, copy")
    assert run.pushed[0]["_id"] == annotation
    assert run.reviewed[0]["_id"] == copy
    assert counts(run) == ([4], [4])
    # A copy made after the review of the original starts reviewed; it is compared with the original all
    # the same.
    late = push(archive, {**written((1, 1, 0)), "name": "late"})
    assert counts(read(archive, late)) == ([4], [1])


def test_another_annotation_can_be_the_reviewed_one(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    archive.annotate(ITEM, point(20, 20), name="by hand")
    archive.annotate(ITEM, point(60, 20), name="by another hand")
    run = read(archive, annotation, "by*")
    assert counts(run) == ([4], [1, 1])
    with pytest.raises(InputError, match=r"no annotation 'by me'.*'by hand'"):
        read(archive, annotation, "by me")


def test_the_parts_of_a_run_are_read_together(running: tuple[FakeArchive, str]) -> None:
    archive, _ = running
    archive.annotations.clear()
    for number in (1, 2):
        push(archive, {**written(), "name": f"Cells run, part {number} of 2"})
    assert counts(read(archive)) == ([4, 4], [4, 4])


def test_what_is_no_run_is_refused(running: tuple[FakeArchive, str]) -> None:
    archive, _ = running
    archive.annotate(ITEM, point(1, 1), name="by hand")
    with pytest.raises(AnnotationError, match="'by hand' is no run of Patherea"):
        read(archive, "by hand")
    with pytest.raises(InputError, match="no annotation 'nothing'"):
        read(archive, "nothing")


def test_cells_of_another_slide_are_refused(running: tuple[FakeArchive, str]) -> None:
    archive, _ = running
    push(archive, {**written(slide="other.tif"), "name": "copied over"})
    with pytest.raises(AnnotationError, match=r"cells of slide 'other.tif', but lies on 's.tif'"):
        read(archive, "copied over")


def test_a_slide_that_was_renamed_is_known_by_its_file(
    running: tuple[FakeArchive, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, _ = running
    push(archive, {**written(slide="file.tif"), "name": "of the file"})
    files = archive._files_of(ITEM)
    monkeypatch.setattr(archive, "_files_of", lambda _: [{**files[0], "name": "file.tif"}])
    assert counts(read(archive, "of the file"))[0] == [4]


def test_a_lost_first_state_is_said_and_how_to_go_on(running: tuple[FakeArchive, str]) -> None:
    archive, annotation = running
    correct(archive, annotation)
    archive.history.clear()
    with pytest.raises(AnnotationError, match="--pushed"):
        read(archive)
