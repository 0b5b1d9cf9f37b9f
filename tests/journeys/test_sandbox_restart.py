"""A sandbox that is started again on its data folder holds what it held, and lets in whom it did."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from patherea_core.errors import CredentialsError
from plugin.dsa.session import connect
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder
from tests.plugin.archive import point, square

pytestmark = pytest.mark.dsa

#: The mirror of the database may lack the last half second before a power cut.
WRITTEN_SECONDS = 1.5


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_slides_annotations_and_log_in_survive(tmp_path: Path, *, killed: bool) -> None:
    with SandboxProcess(tmp_path / "data") as first:
        folder = Folder(first, tmp_path)
        item = folder.add_slide()
        folder.annotate(item, square(0, 0, 50), point(10, 20, "positive"))
        old_token, password = first.token, first.password
        if killed:
            time.sleep(WRITTEN_SECONDS)
            first.kill()

    with SandboxProcess(tmp_path / "data") as second:
        session = connect(second.api_url, login=second.login, password=password)
        (document,) = session.get("annotation", itemId=item)
        elements = session.get(f"annotation/{document['_id']}")["annotation"]["elements"]
        assert [element["type"] for element in elements] == ["polyline", "point"]
        assert elements[1]["center"] == [10, 20, 0]
        assert session.picture(f"item/{item}/tiles/thumbnail")[:2] == b"\xff\xd8"
        with pytest.raises(CredentialsError):
            connect(second.api_url, old_token)


def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("patherea")), "sandbox", "--data", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "no server for production" in process.stdout.readline()
        said = [process.stdout.readline() for _ in range(4)]
        address = next(line.split()[-1] for line in said if "REST API" in line)
        password = next(line.split()[-1] for line in said if "password" in line)
        assert connect(address, login="admin", password=password).get("user/me")["admin"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    modes = [path.stat().st_mode & 0o077 for path in tmp_path.iterdir()]
    assert not any(modes), "only its owner can read the folder's files"
