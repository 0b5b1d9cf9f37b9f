"""Tokens of a real archive: which are accepted, what is said of the others, and that none is ever shown."""

import io
import logging
import time
from collections.abc import Callable, Iterator

import girder_client
import pytest

from patherea_core.errors import ArchiveError, CredentialsError
from plugin import logs
from plugin.__main__ import main
from plugin.dsa.session import Session, connect
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.journeys.losing_proxy import losing_proxy
from tests.journeys.people import Person, new_person

pytestmark = pytest.mark.dsa


@pytest.fixture(scope="module")
def person(sandbox: SandboxProcess) -> Person:
    return new_person(sandbox, "tom")


@pytest.fixture(scope="module")
def folder(sandbox: SandboxProcess, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(sandbox, tmp_path_factory.mktemp("slides"))


def refused(api_url: str, token: str, words: str) -> None:
    with pytest.raises(CredentialsError, match=words) as caught:
        connect(api_url, token)
    assert "\n" not in str(caught.value)
    assert not token.strip() or token not in str(caught.value)


def test_a_person_and_a_job_of_theirs_sign_in(sandbox: SandboxProcess, person: Person) -> None:
    for token in (person.token, person.job_token(), f" {person.token}\n"):
        assert connect(sandbox.api_url, token).address == sandbox.api_url


def test_a_token_that_has_expired_is_refused(sandbox: SandboxProcess, person: Person) -> None:
    token = person.token_with("core.data.read", days=1e-6)
    time.sleep(0.1)
    refused(sandbox.api_url, token, "does not accept the token")


def test_the_tokens_of_an_account_that_is_no_more_are_refused(
    sandbox: SandboxProcess, folder: Folder
) -> None:
    gone = new_person(sandbox, "gone")
    tokens = (gone.token, gone.job_token())
    folder.client.delete(f"user/{gone.id}")
    for token in tokens:
        refused(sandbox.api_url, token, "does not accept the token")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda token: token[:-1], "does not accept the token"),
        (lambda token: token.swapcase(), "does not accept the token"),
        (lambda token: f"{token[:9]} {token[9:]}", "has letters that no token has"),
        (lambda token: f"{token}\r\nHost: elsewhere", "has letters that no token has"),
        (lambda token: f"{token}ü", "has letters that no token has"),
        (lambda _: "  ", "give the archive's token"),
        (lambda _: "", "give the archive's token"),
    ],
)
def test_a_token_with_a_slip_is_refused(
    sandbox: SandboxProcess,
    person: Person,
    change: Callable[[str], str],
    words: str,
) -> None:
    refused(sandbox.api_url, change(person.token), words)


def test_a_token_that_is_good_for_less_is_named_so(sandbox: SandboxProcess, folder: Folder) -> None:
    reading = Person("", "", folder.client).token_with("core.data.read")
    session = connect(sandbox.api_url, reading)
    assert session.get(f"folder/{folder.id}")["_id"] == folder.id
    with pytest.raises(
        CredentialsError, match="not for this; take a new one that may read and write data"
    ):
        session.post(f"item?folderId={folder.id}&name=a", b"")


def test_no_token_is_sent_to_another_address(sandbox: SandboxProcess, person: Person) -> None:
    with losing_proxy(sandbox.api_url) as elsewhere, losing_proxy(sandbox.api_url) as archive:
        archive.sends_on_to = elsewhere.api_url
        client = girder_client.GirderClient(apiUrl=archive.api_url)
        client.setToken(person.token)
        session = Session(client, sleep=lambda _: None)
        with pytest.raises(ArchiveError, match=f"sends on to {elsewhere.api_url}"):
            session.get("user/me")
        with pytest.raises(ArchiveError, match="sends on to"):
            session.post("item", b"")
        session.picture("system/version")
    assert elsewhere.seen == ["GET /api/v1/system/version"]
    assert "girder-token" not in {name.lower() for name in elsewhere.headers[0]}
    assert "girder-token" in {name.lower() for name in archive.headers[0]}


@pytest.fixture
def everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that this program and its libraries log, at any level."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level, set_up = root.handlers[:], root.level, logs.set_up

    def loud() -> None:
        set_up(stream)
        root.setLevel(logging.DEBUG)
        for name in list(logging.Logger.manager.loggerDict):
            logging.getLogger(name).setLevel(logging.NOTSET)

    monkeypatch.setattr(logs, "set_up", loud)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.parametrize(
    "words",
    [
        ["ExportDataset", "0" * 24, "--outputDatasetFile", "a.zip"],
        ["EvaluateDetections", "0" * 24],
        ["HarvestReview", "no id at all"],
        ["SuggestRegions", "0" * 24, "--count", "0"],
        ["Ki67Index", "0" * 24],
    ],
    ids=lambda words: words[0],
)
def test_no_log_at_any_level_and_no_traceback_holds_the_token(
    sandbox: SandboxProcess,
    person: Person,
    everything: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    token = person.job_token()
    assert main([*words, "--girderApiUrl", sandbox.api_url, "--girderToken", token]) == 2
    assert "Traceback" in everything.getvalue()
    assert "DEBUG" in everything.getvalue()
    assert token not in everything.getvalue() + "".join(capsys.readouterr())
