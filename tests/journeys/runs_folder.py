"""A folder of a real archive with slides and one for runs, and what journeys of trainings ask of it."""

import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from patherea_core.errors import Cancelled
from plugin.commands.run_item import CHECKPOINT
from plugin.commands.sending_beside import UploadPace
from plugin.sandbox.process import SandboxProcess
from tests.journeys.archive_folder import Folder

#: Sends all that changes at once.
HURRIED = UploadPace(look=0.05, page=0.0, state=0.0, best=0.0, retry=0.0)


class Runs:
    """A folder of the archive with one for slides and one for runs.

    Attributes:
        folder: the folder.
        client: of the archive.
        slides: id of the folder inside that is for slides.
    """

    def __init__(self, sandbox: SandboxProcess, scratch: Path) -> None:
        self.folder = Folder(sandbox, scratch)
        self.client: Any = self.folder.client
        self.slides = self.folder.add_folder("slides")
        self._runs = self.folder.add_folder("runs")

    def new(self) -> str:
        """Make a folder for the runs of one test."""
        return str(self.client.createFolder(self._runs, uuid.uuid4().hex)["_id"])

    def empty(self) -> str:
        """Make a folder beside that for slides."""
        return str(self.client.createFolder(self.folder.id, uuid.uuid4().hex)["_id"])

    def item(self, folder: str) -> dict[str, Any]:
        """Return the only item of a folder."""
        (found,) = self.client.get("item", {"folderId": folder})
        return dict(found)

    def told(self, folder: str) -> dict[str, Any]:
        """Return what the only item of a folder tells of its run."""
        return dict(self.item(folder)["meta"]["patherea"])

    def files(self, item: dict[str, Any]) -> list[str]:
        """Return the names of an item's files, in the order of the archive's page."""
        return [str(one["name"]) for one in self._files(item)]

    def file(self, item: dict[str, Any], name: str) -> str:
        """Return the id of a file of an item."""
        (found,) = [one["_id"] for one in self._files(item) if one["name"] == name]
        return str(found)

    def fetch(self, item: dict[str, Any], name: str, path: Path) -> Path:
        """Download a file of an item."""
        self.client.downloadFile(self.file(item, name), str(path))
        return path

    def wait_for_state(self, folder: str) -> None:
        """Wait until the only item of a folder holds a state to go on from."""
        patience = time.monotonic() + 60
        while not (
            self.client.get("item", {"folderId": folder})
            and CHECKPOINT in self.files(self.item(folder))
        ):
            assert time.monotonic() < patience
            time.sleep(0.1)

    def job_token(self) -> str:
        """Return a token with the rights of a job's."""
        scopes = json.dumps(["core.data.read", "core.data.write"])
        key = self.client.post("api_key", {"name": "job", "scope": scopes})["key"]
        return str(self.client.post("api_key/token", {"key": key})["authToken"]["token"])

    def _files(self, item: dict[str, Any]) -> list[dict[str, Any]]:
        return list(self.client.get(f"item/{item['_id']}/files"))


class When:
    """A progress that does something once a message has a word in it."""

    def __init__(self, word: str, act: Callable[[], None]) -> None:
        self.word, self.act, self.done = word, act, False

    def advance(self, _fraction: float, message: str = "") -> None:
        """Act, once."""
        if self.word in message and not self.done:
            self.done = True
            self.act()


def stop() -> None:
    """Do what a request to stop does."""
    raise Cancelled("stopped on request")
