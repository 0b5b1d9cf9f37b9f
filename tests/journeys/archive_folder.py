"""A folder of its own in a real archive, with slides and annotations, for one test."""

import time
import uuid
from pathlib import Path
from typing import Any

import girder_client

from patherea_core.geometry import Pixels
from plugin.sandbox.process import SandboxProcess
from tests.plugin.slide_files import write_tiff


def slide_of(client: Any, item: str) -> str:  # noqa: ANN401  girder_client publishes no types
    """Return an item once the archive shows its file as a slide."""
    patience = time.monotonic() + 60
    while time.monotonic() < patience:
        image = client.getItem(item).get("largeImage") or {}
        if image.get("fileId") and not image.get("expected"):
            return item
        time.sleep(0.05)
    raise AssertionError("the archive does not see that the file is a slide")


class Folder:
    """A folder of its own in the archive."""

    def __init__(self, sandbox: SandboxProcess, scratch: Path) -> None:
        self.sandbox = sandbox
        self.scratch = scratch
        self.client: Any = girder_client.GirderClient(apiUrl=sandbox.api_url)
        self.client.setToken(sandbox.token)
        user = self.client.get("user/me")
        name = f"tests {uuid.uuid4().hex}"
        self.id: str = self.client.createFolder(user["_id"], name, parentType="user")["_id"]

    def add_folder(self, name: str, *, public: bool = True) -> str:
        """Make a folder inside and return its id; what is not public only the maker sees."""
        made = self.client.createFolder(self.id, name, parentType="folder", public=public)
        return str(made["_id"])

    def add_slide(
        self,
        mpp: float | None = 0.25,
        name: str = "slide.tif",
        folder: str | None = None,
        pixels: Pixels | None = None,
    ) -> str:
        """Upload a slide, to a folder inside if one is named; return its item once the archive shows it."""
        path = self.scratch / name
        write_tiff(path, pixels, photometric="rgb", mpp=mpp)
        file = self.client.uploadFileToFolder(folder or self.id, str(path))
        path.unlink()
        return slide_of(self.client, file["itemId"])

    def annotate(self, item: str, *elements: dict[str, Any], name: str = "labels") -> list[str]:
        """Add an annotation and return the ids of its elements."""
        body = {"name": name, "elements": list(elements)}
        document = self.client.post("annotation", {"itemId": item}, json=body)
        whole = self.client.get(f"annotation/{document['_id']}")
        return [element["id"] for element in whole["annotation"]["elements"]]

    def annotations(self, item: str) -> list[str]:
        """Return the names of a slide's annotations."""
        documents = self.client.get("annotation", {"itemId": item})
        return sorted(document["annotation"]["name"] for document in documents)
