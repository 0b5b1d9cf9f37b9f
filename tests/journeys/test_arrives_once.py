"""What is added to a real archive arrives exactly once, whatever gets lost on the way."""

import itertools
import json
from pathlib import Path

import pytest

from patherea_core.errors import ArchiveError
from plugin.dsa.posting import post_annotation
from plugin.dsa.session import Session
from plugin.dsa.small_files import read_small_file, write_small_file
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.losing_proxy import Fault, LosingProxy
from tests.plugin.archive import point

pytestmark = pytest.mark.dsa

FAULTS: tuple[Fault, ...] = (
    *("request cut", "request 503", "answer cut", "answer 502", "answer page"),
)


@pytest.fixture(scope="module")
def folder(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(sandbox, tmp_path_factory.mktemp("slides"))


@pytest.fixture(scope="module")
def slide(folder: Folder) -> str:
    return folder.add_slide()


def document(name: str, run: str = "1") -> dict[str, object]:
    ours = {"patherea": {"kind": "detections", "run": run}}
    return {"name": name, "attributes": ours, "elements": [point(row, row) for row in range(5)]}


def called(folder: Folder, slide: str, name: str) -> int:
    return folder.annotations(slide).count(name)


@pytest.mark.parametrize(
    "faults", [*((one,) for one in FAULTS), *itertools.permutations(FAULTS, 2)]
)
def test_an_annotation_arrives_once(
    folder: Folder, slide: str, session: Session, proxy: LosingProxy, faults: tuple[Fault, ...]
) -> None:
    name = f"cells {faults}"
    proxy.faults = list(faults)
    post_annotation(session, slide, document(name))
    assert called(folder, slide, name) == 1


def test_what_has_arrived_is_not_sent_again(
    folder: Folder, slide: str, session: Session, proxy: LosingProxy
) -> None:
    proxy.faults = ["answer cut"]
    post_annotation(session, slide, document("sent once"))
    assert (called(folder, slide, "sent once"), proxy.writes) == (1, 1)


def test_a_file_is_sent_again_whole(
    folder: Folder, slide: str, session: Session, proxy: LosingProxy, tmp_path: Path
) -> None:
    path = tmp_path / "annotation.json"
    path.write_text(json.dumps(document("from a file"), separators=(",", ":")))
    proxy.faults = ["request cut", "request 503"]
    post_annotation(session, slide, path)
    (found,) = [
        one
        for one in folder.client.get("annotation", {"itemId": slide})
        if one["annotation"]["name"] == "from a file"
    ]
    assert len(folder.client.get(f"annotation/{found['_id']}")["annotation"]["elements"]) == 5


def test_two_runs_and_two_parts_of_one_are_not_taken_for_each_other(
    folder: Folder, slide: str, session: Session, proxy: LosingProxy
) -> None:
    for name, run in (("part 1", "7"), ("part 2", "7"), ("part 1", "8")):
        proxy.faults = ["request cut"]
        post_annotation(session, slide, document(name, run))
    assert (called(folder, slide, "part 1"), called(folder, slide, "part 2")) == (2, 1)


def test_of_two_attempts_that_arrive_the_second_is_removed(
    folder: Folder, slide: str, session: Session, proxy: LosingProxy
) -> None:
    proxy.faults = ["request late"]
    post_annotation(session, slide, document("late"))
    assert (called(folder, slide, "late"), proxy.writes) == (1, 2)


def test_an_archive_that_stays_away_is_given_up_with_nothing_added(
    folder: Folder, slide: str, session: Session, proxy: LosingProxy, waits: list[float]
) -> None:
    proxy.faults = ["request 503"] * 9
    with pytest.raises(ArchiveError, match=r"failed: not now; run again later: .*'away' was not"):
        post_annotation(session, slide, document("away"))
    assert called(folder, slide, "away") == 0
    assert (proxy.writes, sum(waits)) == (3, 40)


def test_an_archive_that_nobody_can_ask_any_more_leaves_it_open(
    slide: str, session: Session, proxy: LosingProxy
) -> None:
    proxy.methods, proxy.faults = ("POST", "GET"), ["answer cut"] * 99
    with pytest.raises(ArchiveError, match="may have been added or not, so look before you do"):
        post_annotation(session, slide, document("unknown"))
    assert proxy.seen[0].startswith("POST")
    assert not any(one.startswith("POST") for one in proxy.seen[1:])


def test_the_pause_that_the_archive_asks_for_is_kept(
    slide: str, session: Session, proxy: LosingProxy, waits: list[float]
) -> None:
    proxy.faults, proxy.retry_after = ["request 503"], "17"
    post_annotation(session, slide, document("later"))
    assert waits == [17]


def test_a_pause_that_is_too_long_is_passed_on(
    slide: str, session: Session, proxy: LosingProxy, waits: list[float]
) -> None:
    proxy.faults, proxy.retry_after = ["request 503"], "Fri, 31 Dec 2100 23:59:59 GMT"
    with pytest.raises(ArchiveError, match=r"asks to be left alone for .* s, run again after that"):
        post_annotation(session, slide, document("much later"))
    assert waits == []


def test_an_annotation_that_names_no_run_is_sent_once(
    slide: str, session: Session, proxy: LosingProxy
) -> None:
    proxy.faults = ["request 503"]
    with pytest.raises(ArchiveError, match="not now"):
        post_annotation(session, slide, {"name": "plain", "elements": []})
    assert proxy.writes == 1


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("lost", range(2))
def test_a_small_file_arrives_once_and_whole_whichever_request_is_lost(
    folder: Folder, session: Session, proxy: LosingProxy, fault: Fault, lost: int
) -> None:
    name = f"{fault} {lost}.yaml"
    for text in ("first: größer\n", "second: version, longer than the first\n"):
        proxy.faults = [*([None] * lost), fault]
        before = read_small_file(session, folder.id, name)
        write_small_file(session, folder.id, name, text, before)
        assert proxy.faults == []
        found = read_small_file(session, folder.id, name)
        assert found is not None
        assert found.text == text
    (item,) = folder.client.get("item", {"folderId": folder.id, "name": name})
    assert len(folder.client.get(f"item/{item['_id']}/files")) == 1
