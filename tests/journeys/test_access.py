"""Who may do what in a real archive: a technician, a reader, strangers, and whose cells are whose."""

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import girder_client
import pytest

from patherea_core.errors import CredentialsError, InputError
from patherea_core.progress import Silent
from plugin import arguments, descriptions
from plugin.commands import detect_on_item, harvest_folder
from plugin.commands.detect_on_item import DetectOnItemRequest
from plugin.commands.harvest_folder import HarvestFolderRequest
from plugin.commands.harvest_review import HarvestRequest
from plugin.dsa.items import slide_named, slide_to_annotate
from plugin.dsa.posting import post_annotation
from plugin.dsa.remote_slide import RemoteSlide
from plugin.dsa.session import Session, connect
from plugin.index.archive_cells import ArchiveCells, read_archive_cells
from plugin.sandbox.process import SandboxProcess
from tests.journeys.lab import Lab, open_lab
from tests.journeys.people import (
    ADMIN,
    READ,
    WRITE,
    Person,
    give_annotations,
    new_person,
    share,
)
from tests.plugin.archive import point

pytestmark = pytest.mark.dsa

WRITING = (
    *("DetectCells", "HarvestReview", "SuggestRegions", "Ki67Index"),
    *("ExportDataset", "TrainDetector", "PretrainBackbone"),
)
#: In the order in which people use them: each finds what the one before has left.
IN_ORDER = ("DetectCells", "EvaluateDetections", *WRITING[1:])


@pytest.fixture(scope="module")
def lab(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return open_lab(sandbox, tmp_path_factory.mktemp("lab"))


@contextmanager
def shared_with(lab: Lab, others: Mapping[str, int]) -> Iterator[None]:
    """Let others into the folder for a while."""
    usual = {lab.technician.id: WRITE, lab.reader.id: READ}
    share(lab.folder.client, lab.folder.id, {**usual, **others})
    try:
        yield
    finally:
        share(lab.folder.client, lab.folder.id, usual)


@pytest.mark.slow
def test_the_token_of_a_job_is_enough_for_every_command(lab: Lab, tmp_path: Path) -> None:
    assert set(IN_ORDER) == set(descriptions.names())
    token = lab.technician.job_token()
    for command in IN_ORDER:
        before = lab.left()
        lab.run(command, token, tmp_path)
        assert (lab.left() != before) == (command in WRITING), command


@pytest.mark.parametrize("command", [one for one in WRITING if one != "DetectCells"])
def test_a_reader_writes_nothing_and_is_told_so(lab: Lab, tmp_path: Path, command: str) -> None:
    before = lab.left()
    with pytest.raises(CredentialsError, match=r"does not (let you|allow)") as caught:
        lab.run(command, lab.reader.job_token(), tmp_path)
    assert "\n" not in str(caught.value)
    assert lab.left() == before


def test_a_reader_is_told_before_a_cell_is_read_and_no_page_is_left(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def watched(session: Session, slide: RemoteSlide, *named: str) -> ArchiveCells:
        seen.append(slide.name)
        return read_archive_cells(session, slide, *named)

    monkeypatch.setattr("plugin.commands.ki67_on_item.read_archive_cells", watched)
    with pytest.raises(CredentialsError, match="have yourself given the right to edit its folder"):
        lab.run("Ki67Index", lab.reader.job_token(), tmp_path)
    assert (seen, list(tmp_path.iterdir())) == ([], [])
    lab.run("Ki67Index", lab.technician.job_token(), tmp_path)
    assert seen == ["slide-0.tif"]
    assert {path.name for path in tmp_path.iterdir()} == {"index.html", "index.json"}


def test_a_reader_who_adds_nothing_counts_the_index(lab: Lab, tmp_path: Path) -> None:
    before = lab.left()
    token = lab.reader.job_token()
    words = [*lab.words("Ki67Index", token, tmp_path), "--name", ""]
    arguments.read_action("Ki67Index", words)(Silent())
    assert json.loads((tmp_path / "index.json").read_text())["index"] is not None
    assert lab.left() == before


def test_a_reader_evaluates(lab: Lab, tmp_path: Path) -> None:
    lab.run("EvaluateDetections", lab.reader.job_token(), tmp_path)
    assert (tmp_path / "report.json").exists()


@pytest.mark.parametrize("command", [one for one in IN_ORDER if one != "DetectCells"])
def test_a_private_folder_is_not_there_for_a_stranger(
    lab: Lab, tmp_path: Path, command: str
) -> None:
    with pytest.raises(InputError, match=r"has no .*, or you may not see it") as caught:
        lab.run(command, lab.stranger.job_token(), tmp_path)
    assert "slide-0" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("who", ["reader", "stranger"])
def test_cells_of_who_may_not_add_them_stay_in_the_file(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture, who: str
) -> None:
    before = lab.left()
    person: Person = getattr(lab, who)
    lab.run("DetectCells", person.job_token(), tmp_path)
    assert "all cells become one annotation" in caplog.text
    assert (tmp_path / "cells.anot").exists()
    assert lab.left() == before


def found_by(lab: Lab, person: Person) -> str:
    """Let somebody's job add cells to the slide, and return the id of the annotation."""
    name = f"Cells {uuid.uuid4().hex}"
    session = connect(lab.api_url, person.job_token())
    post_annotation(session, lab.slides[0], {"name": name, "elements": [point(5, 5)]})
    (found,) = lab.folder.client.get("annotation", {"itemId": lab.slides[0], "name": name})
    return str(found["_id"])


def relabel(person: Person, annotation: str) -> None:
    """Correct an annotation as the archive's viewer does."""
    body = {"name": "corrected", "elements": [point(5, 5, "negative")]}
    person.client.put(f"annotation/{annotation}", json=body)


def test_cells_are_open_to_those_who_may_open_the_folder(lab: Lab) -> None:
    annotation = found_by(lab, lab.technician)
    access = lab.folder.client.get(f"annotation/{annotation}/access")
    levels = {one["id"]: one["level"] for one in access["users"]}
    assert levels == {lab.technician.id: ADMIN, lab.reader.id: READ}
    assert not lab.folder.client.get(f"annotation/{annotation}").get("public")
    with pytest.raises(girder_client.HttpError, match="403"):
        lab.stranger.client.get(f"annotation/{annotation}")


def test_whoever_may_edit_the_folder_may_correct_cells_and_a_reader_may_not(
    sandbox: SandboxProcess, lab: Lab
) -> None:
    reviewer = new_person(sandbox, "rita")
    with shared_with(lab, {reviewer.id: WRITE}):
        annotation = found_by(lab, lab.technician)
        relabel(reviewer, annotation)
    with pytest.raises(girder_client.HttpError, match="403"):
        relabel(lab.reader, annotation)


def test_who_comes_later_sees_no_cells_until_an_administrator_of_the_folder_lets_them(
    sandbox: SandboxProcess, lab: Lab
) -> None:
    annotation, late = found_by(lab, lab.technician), new_person(sandbox, "lara")
    with shared_with(lab, {late.id: WRITE}):
        with pytest.raises(girder_client.HttpError, match="403"):
            late.client.get(f"annotation/{annotation}")
        give_annotations(lab.folder.client, lab.folder.id)
        relabel(late, annotation)


def test_a_token_cannot_change_who_may_see_what(lab: Lab) -> None:
    annotation = found_by(lab, lab.technician)
    job = girder_client.GirderClient(apiUrl=lab.api_url)
    job.setToken(lab.technician.job_token())
    with pytest.raises(girder_client.HttpError, match="401"):
        job.put(f"annotation/{annotation}/access", {"access": "{}"})


def test_a_reader_is_told_before_the_long_work(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the work has begun")

    monkeypatch.setattr("plugin.commands.detect_on_item.load_bundle", never)
    monkeypatch.setattr("plugin.commands.harvest_folder.remote_slide", never)
    token, slide = lab.reader.job_token(), lab.slides[0]
    detect = DetectOnItemRequest(api_url=lab.api_url, token=token, item_id=slide, model=lab.model)
    with pytest.raises(CredentialsError, match="does not let you add to slide"):
        detect_on_item.run(detect, Silent())
    harvest = HarvestRequest(api_url=lab.api_url, token=token, item_id=slide)
    with pytest.raises(CredentialsError, match="does not let you add to slide"):
        harvest_folder.run(
            HarvestFolderRequest(folder_id=lab.folder.id, slide=harvest, out=tmp_path / "out"),
            Silent(),
        )
    assert not (tmp_path / "out").exists()


def test_a_slide_to_annotate_is_one_that_the_person_may_add_to(lab: Lab) -> None:
    slide = lab.slides[0]
    for person in (lab.technician, lab.reader):
        assert slide_named(connect(lab.api_url, person.job_token()), slide).id == slide
    assert slide_to_annotate(connect(lab.api_url, lab.technician.job_token()), slide).id == slide
    with pytest.raises(CredentialsError, match=r"add to slide 'slide-0.tif'; have yourself given"):
        slide_to_annotate(connect(lab.api_url, lab.reader.job_token()), slide)
