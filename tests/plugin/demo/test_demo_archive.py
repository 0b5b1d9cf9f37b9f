"""Uploading waits until the archive shows the slide, and says so if it never does."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from patherea_core.errors import ArchiveError
from plugin.dsa.session import Session
from plugin.sandbox.demo_archive import upload_slide
from plugin.sandbox.fields import ComposedSlide, write_pyramid


class FakeArchive:
    """An archive that takes some looks at an item to see that it is a slide."""

    address = "http://archive"

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.received: list[tuple[str, bytes]] = []

    def post(self, path: str, body: bytes) -> dict[str, Any]:
        self.received.append((path, body))
        return {"_id": "item-1"}

    def get(self, path: str) -> dict[str, Any]:
        assert path == "item/item-1"
        self.looks -= 1
        image = {"fileId": "file-1"} if self.looks < 0 else {"fileId": "file-1", "expected": True}
        return {"largeImage": image}


@pytest.fixture
def slide(tmp_path: Path) -> ComposedSlide:
    path = tmp_path / "slide.tif"
    write_pyramid(np.zeros((30, 40, 3), dtype=np.uint8), 0.5, path)
    return ComposedSlide(path, 0.5, ())


def upload(archive: FakeArchive, slide: ComposedSlide) -> str:
    session = cast("Session", archive)
    return upload_slide(session, "folder-1", slide, {"patient": "p"}, sleep=lambda _: None)


def test_the_item_is_returned_once_the_archive_shows_it_as_a_slide(slide: ComposedSlide) -> None:
    archive = FakeArchive(looks=3)

    assert upload(archive, slide) == "item-1"

    (item_path, _), (file_path, content) = archive.received
    assert "metadata=%7B%22patient%22%3A+%22p%22%7D" in item_path
    assert f"size={len(content)}" in file_path
    assert content == slide.path.read_bytes()


def test_an_archive_that_never_shows_it_is_an_error(slide: ComposedSlide) -> None:
    with pytest.raises(ArchiveError, match=r"does not see that slide\.tif is a slide"):
        upload(FakeArchive(looks=10_000), slide)
