"""Files that are sent to a real archive arrive whole and once, whatever gets lost on the way."""

import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from patherea_core.errors import ArchiveError, InputError
from plugin.dsa import sending
from plugin.dsa.session import Session
from plugin.dsa.uploads import new_item, note, remove, stored_files, upload, upload_to_folder
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.conftest import LEAST_PIECE
from tests.journeys.losing_proxy import Fault, LosingProxy

pytestmark = [pytest.mark.dsa, pytest.mark.usefixtures("small_pieces")]

#: Half of such a piece the archive takes as well.
PIECE = 2 * LEAST_PIECE
SIZE = PIECE + LEAST_PIECE + 123

FAULTS: tuple[Fault, ...] = (
    *("request cut", "request 503", "request late", "request in two"),
    *("answer cut", "answer 502", "answer page"),
)


@pytest.fixture(scope="module")
def folder(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(sandbox, tmp_path_factory.mktemp("files"))


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of two pieces, which no other test sends."""
    monkeypatch.setattr("plugin.dsa.sending._PIECE", PIECE)
    path = tmp_path / "file"
    path.write_bytes(os.urandom(SIZE))
    return path


def pieces(proxy: LosingProxy) -> int:
    return sum("/file/chunk" in one for one in proxy.seen)


def content(folder: Folder, item: str) -> list[str]:
    """Return the digests of the files of an item."""
    found = []
    for file in folder.client.listFile(item):
        answer = folder.client.get(f"file/{file['_id']}/download", jsonResp=False)
        found.append(hashlib.sha256(answer.content).hexdigest())
    return found


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_archive_takes_our_pieces_unless_it_is_asked_to_take_smaller_ones(
    small_pieces: int,
) -> None:
    assert sending._PIECE >= small_pieces > PIECE


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("lost", range(3))
def test_a_file_arrives_in_an_item_whichever_request_is_lost(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path, fault: Fault, lost: int
) -> None:
    item = new_item(session, folder.id, "an item", "")
    proxy.faults = [*([None] * lost), fault]
    stored = upload(session, item, path, "file")
    assert proxy.faults == []
    assert [one.id for one in stored_files(session, item)] == [stored]
    assert content(folder, item) == [digest(path)]


@pytest.mark.parametrize("faults", [*itertools.permutations(FAULTS, 2)])
def test_a_file_becomes_one_item_of_a_folder_whatever_happens_to_its_last_piece(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path, faults: tuple[Fault, ...]
) -> None:
    target = folder.add_folder(f"for {faults}")
    proxy.faults = [None, None, *faults]
    item = upload_to_folder(session, target, path, "file")
    assert [one["_id"] for one in folder.client.listItem(target)] == [item]
    assert content(folder, item) == [digest(path)]


@pytest.mark.parametrize(
    "fault",
    ["request cut", "request 503", "answer cut", "answer 502"],
)
@pytest.mark.parametrize("lost", [1, 2])
def test_what_has_arrived_is_not_sent_again(
    folder: Folder,
    session: Session,
    proxy: LosingProxy,
    path: Path,
    fault: Fault,
    lost: int,
) -> None:
    proxy.faults = [*([None] * lost), fault]
    upload_to_folder(session, folder.id, path, "file")
    assert pieces(proxy) == (3 if fault.startswith("request") else 2)


def test_a_file_of_which_half_a_piece_arrived_is_sent_from_the_beginning(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path
) -> None:
    proxy.faults = [None, "request in two"]
    item = upload_to_folder(session, folder.id, path, "file")
    assert pieces(proxy) == 3
    assert content(folder, item) == [digest(path)]


def test_a_file_of_the_same_name_and_size_is_not_taken_for_the_one_that_is_sent(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path
) -> None:
    target = folder.add_folder("twice")
    first = upload_to_folder(session, target, path, "file")
    path.write_bytes(os.urandom(SIZE))
    proxy.faults = [None, None, "answer cut"]
    second = upload_to_folder(session, target, path, "file")
    assert first != second
    assert content(folder, second) == [digest(path)]
    assert len(list(folder.client.listItem(target))) == 2


def test_an_archive_that_stays_away_gets_no_part_of_a_file(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path, waits: list[float]
) -> None:
    target = folder.add_folder("away")
    failed: list[Fault | None] = ["request 503"]
    proxy.faults = [None, None, *(failed * 9)]
    with pytest.raises(ArchiveError, match=r"failed: not now; run again later: file was not added"):
        upload_to_folder(session, target, path, "file")
    assert list(folder.client.listItem(target)) == []
    assert (pieces(proxy), waits) == (4, [1, 4, 15])


def test_each_piece_has_its_own_patience(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path, waits: list[float]
) -> None:
    cuts: list[Fault | None] = ["request cut", "request cut", None]
    proxy.faults = [None, *cuts, *cuts]
    item = upload_to_folder(session, folder.id, path, "file")
    assert content(folder, item) == [digest(path)]
    assert (proxy.faults, waits) == ([], [1, 4, 1, 4])


def test_an_archive_that_nobody_can_ask_any_more_leaves_it_open(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path
) -> None:
    target = folder.add_folder("unknown")
    cut: list[Fault | None] = ["answer cut"]
    proxy.methods, proxy.faults = ("POST", "GET"), [None, None, *(cut * 99)]
    with pytest.raises(ArchiveError, match="file may have been added or not"):
        upload_to_folder(session, target, path, "file")
    assert pieces(proxy) == 2


def test_a_file_that_becomes_shorter_is_not_sent(
    folder: Folder,
    session: Session,
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cut(*given: bytes) -> object:
        path.write_bytes(b"short")
        return post(*given)

    post: Callable[..., object] = session.post
    monkeypatch.setattr(session, "post", cut)
    target = folder.add_folder("shorter")
    with pytest.raises(InputError, match="became shorter while it was sent"):
        upload_to_folder(session, target, path, "file")
    assert list(folder.client.listItem(target)) == []


@pytest.mark.parametrize("fault", ["request cut", "request 503", "answer cut", "answer 502"])
def test_a_note_and_a_removal_survive_a_lost_request(
    folder: Folder, session: Session, proxy: LosingProxy, path: Path, fault: Fault
) -> None:
    item = new_item(session, folder.id, "noted", "")
    upload(session, item, path, "file")
    proxy.methods = ("PUT", "DELETE")
    proxy.faults = [fault]
    note(session, item, {"patherea": {"state": "training"}})
    assert folder.client.getItem(item)["meta"] == {"patherea": {"state": "training"}}
    proxy.faults = [fault]
    remove(session, item, "file")
    assert proxy.faults == []
    assert stored_files(session, item) == ()
