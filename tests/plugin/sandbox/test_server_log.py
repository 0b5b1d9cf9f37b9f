"""The server's logs are files in the data folder, and no secret is in them."""

import logging
import sys
from pathlib import Path

import pytest

from plugin import logs
from plugin.sandbox.server_log import logging_to


def test_logs_and_stray_output_go_to_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handlers = logging.getLogger().handlers[:]
    with logging_to(tmp_path):
        logging.getLogger("girder").warning("a line of Girder")
        sys.stderr.write("a stray line\n")
        sys.stdout.write("another\n")
    assert logging.getLogger().handlers == handlers
    assert "a line of Girder" in (tmp_path / "server.log").read_text()
    assert (tmp_path / "output.log").read_text() == "a stray line\nanother\n"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "line",
    [
        "GET /api/v1/item?limit=5&token=S3cret&x=1",
        "{'token': 'S3cret', 'a': 1}",
        '{"password": "S3cret"}',
        "Girder-Token: S3cret",
        "apiKey=S3cret",
    ],
)
def test_what_looks_like_a_secret_is_hidden(tmp_path: Path, line: str) -> None:
    with logging_to(tmp_path):
        logging.getLogger("girder").error("%s", line)
    assert "S3cret" not in (tmp_path / "server.log").read_text()


def test_known_secrets_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_secrets", {"admins-own"})
    with logging_to(tmp_path):
        logging.getLogger("girder").error("here: admins-own")
    assert (tmp_path / "server.log").read_text().endswith("girder: here: [hidden]\n")
