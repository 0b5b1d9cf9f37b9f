"""The mirror gives back what was written before it was closed, or last flushed."""

import datetime
import sqlite3
import time
from pathlib import Path

import pytest
from bson import ObjectId

from plugin.sandbox.embedded_mongo.mirror import Mirror
from plugin.sandbox.embedded_mongo.store import Document

ITEM = {
    "_id": ObjectId("0123456789abcdef01234567"),
    "name": "Größe.tif",
    "meta": {"mpp": 0.25, "none": None, "list": [1, [2.5, True]]},
    "created": datetime.datetime(2026, 1, 2, 3, 4, 5, 678000),
}


def kept(path: Path) -> list[tuple[str, Document]]:
    opened = Mirror(path)
    found = list(opened.load())
    opened.close()
    return found


def test_documents_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "database.sqlite"
    opened = Mirror(path)
    opened.changed("item", ITEM["_id"], ITEM)
    opened.changed("setting", "core.brand_name", {"_id": "core.brand_name", "value": "x"})
    opened.close()
    assert kept(path) == [
        ("item", ITEM),
        ("setting", {"_id": "core.brand_name", "value": "x"}),
    ]


def test_only_the_last_of_several_changes_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "database.sqlite"
    opened = Mirror(path)
    for document in ({"_id": 1, "a": 1}, None, {"_id": 1, "a": 2}):
        opened.changed("item", 1, document)
    opened.changed("item", 2, {"_id": 2})
    opened.flush()
    opened.changed("item", 2, None)
    opened.close()
    assert kept(path) == [("item", {"_id": 1, "a": 2})]


def test_changes_are_written_without_being_asked(tmp_path: Path) -> None:
    opened = Mirror(tmp_path / "database.sqlite")
    opened.changed("item", 1, {"_id": 1})
    deadline = time.monotonic() + 60
    while not list(opened.load()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert list(opened.load()) == [("item", {"_id": 1})]
    opened.close()


def test_closing_twice_is_closing(tmp_path: Path) -> None:
    opened = Mirror(tmp_path / "database.sqlite")
    opened.close()
    opened.close()


def test_what_could_not_be_written_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "database.sqlite"
    opened = Mirror(path)
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        opened.changed("item", 1, {"_id": 1, "a": 1})
        opened.changed("item", 2, {"_id": 2})
        opened._database.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError):
            opened.flush()
        opened.changed("item", 1, {"_id": 1, "a": 2})
        other.execute("ROLLBACK")
    other.close()
    opened.close()
    assert kept(path) == [("item", {"_id": 1, "a": 2}), ("item", {"_id": 2})]
