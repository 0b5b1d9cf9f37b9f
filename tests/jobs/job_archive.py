"""An archive in which the image is registered, and jobs started as its web pages start them."""

import copy
import io
import json
import os
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest

from patherea_core.geometry import Pixels
from tests.conftest import Sandbox
from tests.jobs.broker import RABBITMQ
from tests.journeys.archive_folder import Folder, slide_of
from tests.journeys.people import new_person
from tests.plugin.slide_files import write_tiff

IMAGE = os.environ.get("PATHEREA_TEST_IMAGE", "")

#: What every test of jobs is marked with.
NEEDS = [
    pytest.mark.slow,
    pytest.mark.dsa,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not IMAGE, reason="needs a built image: run .ci/image"),
    pytest.mark.skipif(
        not RABBITMQ.exists(), reason="needs RabbitMQ: apt-get install rabbitmq-server"
    ),
]

SUCCESS, ERROR, CANCELED = 3, 4, 5
_ENDED = (SUCCESS, ERROR, CANCELED)

_JOB_SECONDS = 240.0

#: What a token of an archive looks like; a sum of a file, which it could be taken for, has other letters.
_TOKEN = re.compile(r"\b(?![0-9a-f]{64}\b)[A-Za-z0-9]{64}\b")

#: The fields of a connection as the viewer leaves them for the archive to fill in.
ACCESS = {"girderApiUrl": "", "girderToken": ""}


@dataclass(frozen=True, slots=True)
class Ended:
    """A job that has ended.

    Attributes:
        status: one of SUCCESS, ERROR and CANCELED.
        log: all that the archive shows of what the job wrote.
        document: the archive's own record.
        seconds: from the request to the end, as it was seen.
    """

    status: int
    log: str
    document: dict[str, Any]
    seconds: float

    @property
    def sentences(self) -> list[str]:
        """What the job said of why it failed."""
        return [line for line in self.log.splitlines() if line.startswith("ERROR ")]


class JobArchive:
    """An archive with the image's commands, one folder and what jobs leave in it."""

    def __init__(self, sandbox: Sandbox, image: str, scratch: Path, worker_log: Path) -> None:
        self.sandbox = sandbox
        self.worker_log = worker_log
        self.client: Any = sandbox.client()
        self.folder = Folder(sandbox, scratch)
        self._scratch = scratch
        self._let_containers_read()
        self._commands = self._register(image)

    def _let_containers_read(self) -> None:
        """Give the file store's files the permissions that docs/image.md asks for."""
        (store,) = self.client.get("assetstore")
        words = {"name": store["name"], "root": store["root"], "perms": "644", "current": "true"}
        self.client.put(f"assetstore/{store['_id']}", parameters=words)

    def _register(self, image: str) -> dict[str, str]:
        """Register the image over REST and return the id of each command's item."""
        job = self.client.put(
            "slicer_cli_web/docker_image", parameters={"name": json.dumps([image])}
        )
        ended = self.wait(str(job["_id"]), time.monotonic())
        assert ended.status == SUCCESS, ended.log
        return {cli["name"]: cli["_id"] for cli in self.client.get("slicer_cli_web/cli")}

    def seen_by_reader(self) -> Self:
        """Return the same archive for somebody new who may look at the folder, but not change it."""
        reader = new_person(self.sandbox, "reader")
        access = self.client.get(f"folder/{self.folder.id}/access")
        access["users"].append({"id": reader.id, "level": 0})
        words = {"access": json.dumps(access), "recurse": "true"}
        self.client.put(f"folder/{self.folder.id}/access", words)
        seen = copy.copy(self)
        seen.client = reader.client
        return seen

    @property
    def commands(self) -> set[str]:
        """Names of the commands that the archive offers."""
        return set(self._commands)

    def add_slide(
        self, pixels: Pixels, *, mpp: float | None = 0.5, folder: str = "", name: str = ""
    ) -> str:
        """Upload a slide and return the id of its item, once the archive shows it."""
        path = self._scratch / (name or f"{uuid.uuid4().hex}.tif")
        write_tiff(path, pixels, photometric="rgb", mpp=mpp)
        file = self.client.uploadFileToFolder(folder or self.folder.id, str(path))
        return slide_of(self.client, file["itemId"])

    def file_of(self, item: str) -> str:
        """Return the id of an item's first file, which is how the web pages name an input."""
        (file, *_) = self.client.get(f"item/{item}/files")
        return str(file["_id"])

    def start(self, command: str, **fields: object) -> str:
        """Post the form of a command and return the job's id.

        Args:
            command: its name.
            fields: as in the form; names that start with ``output`` are put into the archive's folder.
        """
        form = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in fields.items()
        }
        outputs = [name for name in form if name.startswith("output")]
        form |= {f"{name}_folder": self.folder.id for name in outputs}
        path = f"slicer_cli_web/cli/{self._commands[command]}/run"
        return str(self.client.post(path, data=form)["_id"])

    def run(self, command: str, **fields: object) -> Ended:
        """Start a job and wait for its end."""
        begun = time.monotonic()
        return self.wait(self.start(command, **fields), begun)

    def ended(self, job: str) -> Ended:
        """Wait for the end of a job that was started before."""
        return self.wait(job, time.monotonic())

    def wait(self, job: str, begun: float) -> Ended:
        """Wait for the end of a job; its seconds count from ``begun``."""
        while time.monotonic() < begun + _JOB_SECONDS:
            document = self.job(job)
            if document["status"] in _ENDED:
                log = "".join(document.get("log") or [])
                return Ended(document["status"], log, document, time.monotonic() - begun)
            time.sleep(0.1)
        raise AssertionError(self.job(job))

    def await_log(self, job: str, text: str) -> None:
        """Wait until a job's log holds a text."""
        patience = time.monotonic() + _JOB_SECONDS
        while time.monotonic() < patience:
            document = self.job(job)
            log = "".join(document.get("log") or [])
            if text in log:
                return
            assert document["status"] not in _ENDED, log
            time.sleep(0.1)
        raise AssertionError(self.job(job))

    def await_progress(self, job: str, reached: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until what a job says of its progress is as wanted."""
        patience = time.monotonic() + _JOB_SECONDS
        while time.monotonic() < patience:
            document = self.job(job)
            if reached(document.get("progress") or {}):
                return
            assert document["status"] not in _ENDED, "".join(document.get("log") or [])
            time.sleep(0.1)
        raise AssertionError(self.job(job))

    def job(self, job: str) -> dict[str, Any]:
        """Return the archive's record of a job."""
        found: dict[str, Any] = self.client.get(f"job/{job}")
        return found

    def annotations(self, item: str, count: int) -> list[dict[str, Any]]:
        """Return a slide's annotations with all elements, once there are so many."""
        patience, found = time.monotonic() + 20, []
        while time.monotonic() < patience:
            found = self.client.get("annotation", {"itemId": item})
            if len(found) >= count:
                return [self.client.get(f"annotation/{one['_id']}") for one in found]
            time.sleep(0.05)
        raise AssertionError(found)

    def output(self, name: str) -> str:
        """Return the id of the file of a name that a job has left in the folder."""
        (found,) = self.outputs(name)
        return self.file_of(found["_id"])

    def outputs(self, name: str) -> list[dict[str, Any]]:
        """Return the items of a name in the folder."""
        found: list[dict[str, Any]] = self.client.get(
            "item", {"folderId": self.folder.id, "name": name}
        )
        return found

    def download(self, file: str, folder: Path) -> Path:
        """Write a file of the archive into a folder and return its path."""
        path = folder / file
        self.client.downloadFile(file, str(path))
        return path

    def text_of(self, name: str) -> str:
        """Return the content of the file of a name that a job has left in the folder."""
        return self.content_of(name).decode()

    def content_of(self, name: str) -> bytes:
        """Return the bytes of the file of a name that a job has left in the folder."""
        content = io.BytesIO()
        self.client.downloadFile(self.output(name), content)
        return content.getvalue()


def tokens_in(text: str) -> list[str]:
    """Return what looks like a token of an archive."""
    return _TOKEN.findall(text)
