"""Calls of Girder and large_image that the embedded database must serve, one for each patch.

`python -m tests.plugin.sandbox.patch_probes FOLDER` makes each call twice, each time in a process of its own:
with all patches and with all but its own. It prints a JSON object with what went wrong: ``{patch: [with,
without]}``, null where nothing did. Girder is loaded once; the processes are forked from there.
"""

import contextlib
import json
import os
import sqlite3
import sys
import threading
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import bson

from plugin.sandbox.configuration import girder_configuration, set_environment
from plugin.sandbox.embedded_mongo.store import Foreign

Probe = Callable[["World"], None]


class World:
    """A database with an administrator, a folder, an item and an annotation."""

    def __init__(self, mirror_file: Path, leave_out: Collection[str]) -> None:
        from girder.models.folder import Folder
        from girder.models.item import Item
        from girder.models.user import User
        from girder_large_image_annotation.models.annotation import Annotation

        from plugin.sandbox.embedded_mongo import install

        self.mirror_file = mirror_file
        self.mirror = install(mirror_file, leave_out=leave_out)
        self.user = User().createUser("admin", "password", "A", "B", "a@b.invalid", admin=True)
        self.folder = Folder().createFolder(self.user, "Slides", parentType="user")
        self.item = Item().createItem("Breast cancer.tif", self.user, self.folder)
        self.annotation = Annotation().createAnnotation(
            self.item,
            self.user,
            {"name": "cells", "elements": [{"type": "point", "center": [1, 2, 0]}]},
        )


def count_cursors(world: World) -> None:
    from girder.models.folder import Folder

    assert Folder().countFolders(world.folder) == 0
    assert (
        Folder().find({"parentId": world.user["_id"]}).count() == 3
    )  # two are the user's by birth
    assert Folder().find({"parentId": world.user["_id"]}, limit=2).count(True) == 2


def show_cursors_to_rest(_world: World) -> None:
    from girder.api import rest
    from girder.models.user import User

    users = rest._mongoCursorToList(User().find())
    assert isinstance(users, list)
    assert [user["login"] for user in users] == ["admin"]


def ignore_document_class(world: World) -> None:
    from girder_large_image_annotation.models.annotationelement import Annotationelement

    (element,) = Annotationelement().yieldElements(world.annotation)
    assert element["center"] == [1, 2, 0]


def search(world: World) -> None:
    from girder.models.folder import Folder
    from girder.models.item import Item

    for text, count in (("cancer", 1), ("CANCER lung", 1), ("can", 0)):
        assert len(list(Item().textSearch(text, user=world.user))) == count
    assert [f["name"] for f in Folder().textSearch("slides", user=world.user)] == ["Slides"]


def look_up_through_lists(world: World) -> None:
    from girder.models.folder import Folder
    from girder_large_image_annotation.rest.annotation import AnnotationResource

    empty = Folder().createFolder(world.user, "Empty", parentType="user")
    for folder, expected in ((world.folder, [world.annotation["_id"]]), (empty, [])):
        found = AnnotationResource.getFolderAnnotations(
            None, folder["_id"], recurse=True, user=world.user
        )
        assert [annotation["_id"] for annotation in found] == expected


def one_at_a_time(_world: World) -> None:
    from girder_large_image_annotation.models.annotationelement import Annotationelement

    from plugin.sandbox.embedded_mongo.gaps import Collection

    model = Annotationelement()
    versions = [model.getNextVersionValue()]  # this one also learns where the number is kept
    find_one = Collection.find_one
    both_have_read = threading.Barrier(2)

    def find_one_and_wait(*arguments: Foreign, **options: Foreign) -> Foreign:
        found = find_one(*arguments, **options)
        # The other one comes here at once, or is kept out until this one has written.
        with contextlib.suppress(threading.BrokenBarrierError):
            both_have_read.wait(timeout=2)
        return found

    Collection.find_one = find_one_and_wait
    threads = [
        threading.Thread(target=lambda: versions.append(model.getNextVersionValue()))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = versions[0]
    assert sorted(versions) == [first, first + 1, first + 2]


def tell_of_changes(world: World) -> None:
    from girder.models.folder import Folder
    from girder.models.item import Item

    other = Folder().createFolder(world.user, "Other", parentType="user")
    Item().move(world.item, other)
    assert [item["name"] for item in Folder().childItems(other)] == [world.item["name"]]
    world.mirror.flush()
    with sqlite3.connect(world.mirror_file) as database:
        (row,) = database.execute("SELECT document FROM documents WHERE collection = 'item'")
    assert bson.decode(row[0])["folderId"] == other["_id"]


PROBES: dict[str, Probe] = {
    "count cursors": count_cursors,
    "show cursors to rest": show_cursors_to_rest,
    "ignore document class": ignore_document_class,
    "search words": search,
    "ignore text score": search,
    "look up through lists": look_up_through_lists,
    "one at a time": one_at_a_time,
    "tell of changes": tell_of_changes,
}


def outcome(probe: Probe, mirror_file: Path, leave_out: Collection[str]) -> str | None:
    """Return what goes wrong in a call, made in a process of its own; None if nothing does."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        try:
            probe(World(mirror_file, leave_out))
        except BaseException:  # noqa: BLE001  whatever goes wrong is what is asked for
            os.write(writing, traceback.format_exc()[-4000:].encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.wait()
    return said or None


def main(folder: Path) -> None:
    configuration = folder / "girder.cfg"
    configuration.write_text(girder_configuration(8080) + "[logging]\nlog_quiet = True\n")
    set_environment(configuration)
    from girder_large_image_annotation.rest import annotation  # noqa: F401  loads all that the probes need

    found: dict[str, Any] = {
        name: [outcome(probe, folder / f"{name} {len(leave)}", leave) for leave in ((), (name,))]
        for name, probe in PROBES.items()
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
