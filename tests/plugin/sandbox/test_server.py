"""A sandbox that cannot start says why in one sentence; one that can says how to reach it."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from patherea_core.errors import InputError
from plugin.sandbox.data_folder import DataFolder
from plugin.sandbox.process import SandboxProcess
from plugin.sandbox.server import READY, Ready, _for_person, _for_program, _reserved

ROOT = Path(__file__).parents[3]
SERVING = Ready(
    api_url="http://127.0.0.1:9/api/v1",
    histomics_url="http://127.0.0.1:9/histomics",
    login="admin",
    password="drawn at random",
    token="a token",
    slides_folder_id="1",
    tasks_folder_id="2",
    viewer=True,
)


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "plugin.sandbox", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=280, check=False
    )


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = started("--data", str(tmp_path), "--port", str(port))
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"port {port} cannot be used" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = started("--data", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_number_that_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(InputError, match="cannot be used"), _reserved(port):
        pass


@pytest.mark.parametrize("port", [None, 0])
def test_no_port_means_a_free_one(port: int | None) -> None:
    with _reserved(port) as first, _reserved(port) as second:
        assert first.getsockname()[1] != second.getsockname()[1]


def test_a_process_says_why_it_did_not_start(tmp_path: Path) -> None:
    with (
        DataFolder(tmp_path),
        pytest.raises(InputError, match="another sandbox is using"),
        SandboxProcess(tmp_path),
    ):
        pass


def test_a_process_that_is_not_running_has_no_address(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path)
    sandbox.stop()
    sandbox.kill()
    with pytest.raises(InputError, match="not running"):
        _ = sandbox.api_url


def test_a_person_reads_where_it_is_and_that_it_is_for_trying(tmp_path: Path) -> None:
    page = _for_person(SERVING, tmp_path)
    for word in (
        SERVING.api_url,
        SERVING.histomics_url,
        SERVING.password,
        str(tmp_path),
        "no server for",
    ):
        assert word in page
    assert SERVING.token not in page


def test_a_person_reads_how_to_get_a_viewer(tmp_path: Path) -> None:
    fields = {**json.loads(_for_program(SERVING).removeprefix(READY)), "viewer": False}
    page = _for_person(Ready(**fields), tmp_path)
    assert "python -m plugin.sandbox.web_client" in page
    assert SERVING.histomics_url not in page


def test_a_program_reads_all_of_it() -> None:
    line = _for_program(SERVING)
    assert line.endswith("\n")
    assert Ready(**json.loads(line.removeprefix(READY))) == SERVING
