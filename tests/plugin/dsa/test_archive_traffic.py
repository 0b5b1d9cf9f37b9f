"""Sessions, items and annotations, against a stand-in that answers over HTTP."""

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import girder_client
import pytest

from patherea_core.errors import ArchiveError, CredentialsError, InputError
from patherea_core.geometry import Box
from plugin.dsa.addresses import safe_address
from plugin.dsa.annotation_codec import DETECTIONS_KIND
from plugin.dsa.annotations import (
    chosen_detections,
    chosen_labels,
    list_annotations,
    read_annotation,
)
from plugin.dsa.items import checked_id, download_slide, slide_named, slides_in
from plugin.dsa.posting import post_annotation
from plugin.dsa.remote_slide import remote_slide
from plugin.dsa.session import Session, connect
from tests.plugin.archive import FOLDER, TOKEN, FakeArchive, point, serving


@pytest.fixture
def archive() -> Iterator[FakeArchive]:
    with serving(FakeArchive()) as running:
        yield running


@pytest.fixture
def session(archive: FakeArchive) -> Session:
    client = girder_client.GirderClient(apiUrl=archive.address)
    client.setToken(TOKEN)
    return Session(client, sleep=lambda _: None)


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_good_token_signs_in(archive: FakeArchive) -> None:
    assert connect(archive.address, TOKEN).address == archive.address


def test_a_bad_token_is_refused_in_one_sentence_that_does_not_name_it(
    archive: FakeArchive,
) -> None:
    with pytest.raises(CredentialsError, match="does not accept the token") as caught:
        connect(archive.address, "wrong-token")
    assert "wrong-token" not in str(caught.value)


def test_the_token_of_a_job_signs_in_though_it_may_not_ask_whose_it_is(
    archive: FakeArchive,
) -> None:
    archive.job_tokens["a-job-token"] = {"userId": "1" * 24, "expires": "2999-01-01T00:00:00+00:00"}
    assert connect(archive.address, "a-job-token").address == archive.address


@pytest.mark.parametrize(
    "known",
    [
        {"userId": "1" * 24, "expires": "2001-01-01T00:00:00+00:00"},
        {"userId": None, "expires": "2999-01-01T00:00:00+00:00"},
    ],
    ids=["expired", "nobody's"],
)
def test_a_token_that_opens_nothing_is_refused(archive: FakeArchive, known: dict[str, Any]) -> None:
    archive.job_tokens["a-job-token"] = known
    with pytest.raises(CredentialsError, match="does not accept the token"):
        connect(archive.address, "a-job-token")


def test_nothing_to_sign_in_with_is_said() -> None:
    with pytest.raises(CredentialsError, match="give the archive's token"):
        connect("http://127.0.0.1:1/api/v1")


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="is no address"):
        connect("not-an-address", TOKEN)


def test_a_password_in_the_address_is_never_shown() -> None:
    assert safe_address("http://me:secret@host:8080/api/v1/") == "http://host:8080/api/v1"


def test_a_login_is_named_when_it_is_refused_and_its_password_is_not(
    archive: FakeArchive,
) -> None:
    archive.failures = [401]
    with pytest.raises(CredentialsError, match="the login 'me'") as caught:
        connect(archive.address, login="me", password="secret-password")
    assert "secret-password" not in str(caught.value)


def test_a_slide_whose_image_is_not_among_its_files_is_reported(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    item = archive.add_slide("a.tif", b"x", (10, 10))
    slide = slide_named(session, item)
    archive.items[item]["largeImage"]["fileId"] = "9" * 24
    archive.files["9" * 24] = b"y"
    with pytest.raises(ArchiveError, match="not among its files"):
        download_slide(session, slide, tmp_path)


def test_a_slide_is_read_in_pieces_white_beyond_it(archive: FakeArchive, session: Session) -> None:
    item = archive.add_slide("a.tif", b"", (100, 80))
    slide = remote_slide(session, slide_named(session, item))
    window = slide.read(Box(90, 70, 20, 20))
    assert window.shape == (20, 20, 3)
    assert (window[10:] == 255).all()
    assert (slide.read(Box(500, 0, 5, 5)) == 255).all()


def test_a_picture_that_is_none_is_reported(
    archive: FakeArchive, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = archive.add_slide("a.tif", b"", (100, 80))
    slide = remote_slide(session, slide_named(session, item))
    monkeypatch.setattr("tests.plugin.archive._picture", lambda _: b"nonsense")
    with pytest.raises(ArchiveError, match="sent no picture"):
        slide.read(Box(0, 0, 5, 5))


def test_an_archive_that_is_not_there_is_tried_again_and_then_named() -> None:
    waits: list[float] = []
    address = f"http://127.0.0.1:{closed_port()}/api/v1"
    away = Session(girder_client.GirderClient(apiUrl=address), sleep=waits.append)
    with pytest.raises(ArchiveError, match="does not answer") as caught:
        away.get("user/me")
    assert len(waits) == 3
    assert caught.value.__cause__ is not None


def test_reading_survives_a_short_failure(archive: FakeArchive, session: Session) -> None:
    archive.failures = [503, 500]
    assert session.get("user/me") == {"login": "somebody"}


def test_an_annotation_is_posted_as_value_or_as_text_or_as_file(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    document = {"name": "größer", "elements": [point(1, 2)]}
    text = json.dumps(document).encode()
    (tmp_path / "a.json").write_bytes(text)
    for form in (document, text, tmp_path / "a.json"):
        post_annotation(session, "1" * 24, form)
    assert archive.posted == [("1" * 24, document)] * 3


def test_writing_is_tried_once(archive: FakeArchive, session: Session) -> None:
    archive.failures = [503]
    with pytest.raises(ArchiveError, match="503"):
        post_annotation(session, "1" * 24, {"name": "Cells", "elements": []})
    assert archive.posted == []
    assert len(archive.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(401, CredentialsError), (403, CredentialsError), (409, ArchiveError)]
)
def test_refusals_are_told_apart(
    archive: FakeArchive, session: Session, status: int, kind: type[Exception]
) -> None:
    archive.failures = [status]
    with pytest.raises(kind):
        session.get("item")


def test_an_answer_that_is_no_json_is_explained(archive: FakeArchive, session: Session) -> None:
    archive.files["1" * 24] = b"<html>"
    with pytest.raises(ArchiveError, match="ends in /api/v1"):
        session.get(f"file/{'1' * 24}/download")


def test_a_message_of_the_archive_loses_secrets(archive: FakeArchive) -> None:
    session = connect(archive.address, TOKEN)
    archive.failures = [400]
    with pytest.raises(ArchiveError) as caught:
        session.get("item")
    assert TOKEN not in str(caught.value)


def test_a_missing_folder_is_the_callers_mistake(session: Session) -> None:
    with pytest.raises(InputError, match="has no folder"):
        slides_in(session, "0" * 24)
    with pytest.raises(InputError, match="is no id"):
        slides_in(session, "not an id")
    assert checked_id(FOLDER) == FOLDER


def test_slides_are_listed_and_other_items_left_out(archive: FakeArchive, session: Session) -> None:
    item = archive.add_slide("a.tif", b"", (10, 10))
    archive.items["e" * 24] = {"_id": "e" * 24, "name": "notes.txt"}
    archive.items["d" * 24] = {
        "_id": "d" * 24,
        "name": "coming.tif",
        "largeImage": {"fileId": "1" * 24, "expected": True},
    }
    assert [slide.id for slide in slides_in(session, FOLDER)] == [item]


def test_a_slide_is_known_by_its_item_and_by_its_file(
    archive: FakeArchive, session: Session
) -> None:
    item = archive.add_slide("a.tif", b"", (10, 10))
    file = archive.items[item]["largeImage"]["fileId"]
    assert slide_named(session, item).id == slide_named(session, file).id == item
    archive.items["e" * 24] = {"_id": "e" * 24, "name": "notes.txt"}
    with pytest.raises(InputError, match=r"'notes.txt' is no slide"):
        slide_named(session, "e" * 24)


def test_a_slide_is_downloaded_whole_and_its_name_stays_in_the_folder(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    item = archive.add_slide("../../a.tif", b"content" * 1000, (10, 10))
    path = download_slide(session, slide_named(session, item), tmp_path)
    assert path == tmp_path / item / "a.tif"
    assert path.read_bytes() == b"content" * 1000


def test_a_download_that_breaks_off_leaves_no_file(
    archive: FakeArchive, session: Session, tmp_path: Path
) -> None:
    item = archive.add_slide("a.tif", b"content" * 1000, (10, 10))
    slide = slide_named(session, item)
    archive.alive_for = len(archive.requests) + 1
    with pytest.raises(ArchiveError, match="does not answer"):
        download_slide(session, slide, tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_long_annotation_is_read_whole(
    archive: FakeArchive, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.dsa.annotations._PAGE", 7)
    named = archive.annotate("1" * 24, *(point(row, row) for row in range(23)))
    elements = read_annotation(session, named)["annotation"]["elements"]
    assert [element["center"][0] for element in elements] == list(range(23))


def test_an_annotation_changed_on_the_way_is_read_again(
    archive: FakeArchive, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugin.dsa.annotations._PAGE", 7)
    named = archive.annotate("1" * 24, *(point(row, row) for row in range(10)))

    def edit(_path: str) -> None:
        if len(archive.requests) == 2:
            archive.annotations[named]["_version"] += 1
            del archive.annotations[named]["annotation"]["elements"][0]

    archive.on_request = edit
    elements = read_annotation(session, named)["annotation"]["elements"]
    assert [element["center"][0] for element in elements] == list(range(1, 10))


def test_an_annotation_that_never_rests_is_given_up(archive: FakeArchive, session: Session) -> None:
    named = archive.annotate("1" * 24, point(1, 1))

    def edit(_path: str) -> None:
        archive.annotations[named]["_version"] += 1

    archive.on_request = edit
    with pytest.raises(ArchiveError, match="changed each time"):
        read_annotation(session, named)


def detections(archive: FakeArchive, item: str, name: str) -> str:
    named = archive.annotate(item, point(1, 1), name=name)
    ours: dict[str, Any] = {"patherea": {"kind": DETECTIONS_KIND}}
    archive.annotations[named]["annotation"]["attributes"] = ours
    return named


def test_detections_are_no_labels_unless_named_in_full(
    archive: FakeArchive, session: Session
) -> None:
    item = "1" * 24
    labels = archive.annotate(item, point(1, 1), name="labels")
    found = detections(archive, item, "Cells 1")
    listed = list_annotations(session, item)
    assert [chosen.id for chosen in chosen_labels(listed, "*")] == [labels]
    assert [chosen.id for chosen in chosen_labels(listed, "Cells*")] == []
    assert [chosen.id for chosen in chosen_labels(listed, "Cells 1")] == [found]


def test_the_newest_detections_are_taken_unless_others_are_named(
    archive: FakeArchive, session: Session
) -> None:
    item = "1" * 24
    first, second = detections(archive, item, "one"), detections(archive, item, "two")
    archive.annotate(item, point(1, 1), name="labels")
    listed = list_annotations(session, item)
    assert chosen_detections(listed, "", "s").id == second
    assert chosen_detections(listed, "one", "s").id == first
    assert chosen_detections(listed, first, "s").id == first
    with pytest.raises(InputError, match=r"has no annotation 'three'; .*'one', 'two', 'labels'"):
        chosen_detections(listed, "three", "s")


def test_every_retry_is_logged_without_the_token(
    archive: FakeArchive, caplog: pytest.LogCaptureFixture
) -> None:
    client = girder_client.GirderClient(apiUrl=archive.address)
    client.setToken(TOKEN)
    archive.failures = [500]
    with caplog.at_level(logging.INFO):
        Session(client, sleep=lambda _: None).get("user/me")
    assert "trying again" in caplog.text
    assert TOKEN not in caplog.text
