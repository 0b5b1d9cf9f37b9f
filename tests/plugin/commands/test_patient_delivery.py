"""Leaving a result in an archive that is away for a while."""

from collections.abc import Iterator

import pytest

from patherea_core.errors import ArchiveError, Cancelled, CredentialsError
from patherea_core.progress import Silent
from plugin.commands.patient_delivery import deliver_patiently


class Archive:
    """Takes a result after some attempts."""

    def __init__(self, *errors: Exception) -> None:
        self.errors: Iterator[Exception] = iter(errors)
        self.attempts = 0

    def take(self) -> None:
        """Take it, or raise the next error."""
        self.attempts += 1
        for error in self.errors:
            raise error


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.commands.patient_delivery._PAUSES", (0, 0))


def test_it_is_brought_again_until_it_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    archive = Archive(ArchiveError("away"))
    deliver_patiently("the backbone", archive.take, Silent())
    assert archive.attempts == 2
    assert caplog.messages == ["away; the backbone is brought again in 0 s"]


def test_an_archive_that_stays_away_is_told_of() -> None:
    archive = Archive(*[ArchiveError("away")] * 9)
    with pytest.raises(ArchiveError, match="away"):
        deliver_patiently("the backbone", archive.take, Silent())
    assert archive.attempts == 3


def test_a_token_that_is_taken_no_more_is_no_matter_of_patience() -> None:
    archive = Archive(CredentialsError("not accepted"))
    with pytest.raises(CredentialsError):
        deliver_patiently("the backbone", archive.take, Silent())
    assert archive.attempts == 1


def test_a_request_to_stop_ends_the_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugin.commands.patient_delivery._PAUSES", (60,))

    class Stop:
        def advance(self, _fraction: float, message: str = "") -> None:
            if "waiting" in message:
                raise Cancelled("stopped on request")

    with pytest.raises(Cancelled):
        deliver_patiently("the backbone", Archive(ArchiveError("away")).take, Stop())
