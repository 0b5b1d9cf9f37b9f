"""A database for the sandbox inside its own process, instead of a MongoDB server.

MongoDB is in no Python package. mongomock, a stand-in for unit tests, is; `install` makes it carry a
Digital Slide Archive:

* `gaps`   what Girder and large_image call and mongomock lacks or gets wrong,
* `speed`  what mongomock does too slowly for annotations of many thousand points,
* `store`  documents with equality indexes, which tell the mirror of every change,
* `mirror` an SQLite file that follows the documents, so that they outlive the process.

For one process only, and a power cut or `kill -9` may lose the last half second of writes: for trying and
testing, never for production.
"""

from collections.abc import Collection
from functools import partial
from pathlib import Path

import mongomock
import pymongo

from plugin.sandbox.embedded_mongo import gaps, speed
from plugin.sandbox.embedded_mongo.mirror import Mirror
from plugin.sandbox.embedded_mongo.patch import Patch
from plugin.sandbox.embedded_mongo.store import Server

__all__ = ["DATABASE_URI", "PATCHES", "Patch", "install"]

DATABASE_URI = "mongodb://localhost/girder"
"""What Girder is told to connect to; nothing is opened, only the database's name counts."""

PATCHES: tuple[Patch, ...] = gaps.PATCHES + speed.PATCHES


def install(mirror_file: Path, *, leave_out: Collection[str] = ()) -> Mirror:
    """Replace pymongo's client by the embedded database; call it before `girder.models` connects.

    Args:
        mirror_file: file that keeps the documents.
        leave_out: names of patches not to apply (tests show with it that each one is needed).

    Returns:
        The running mirror, to be closed at the end.
    """
    for patch in PATCHES:
        if patch.name not in leave_out:
            patch.apply()
    server = Server()
    mirror = Mirror(mirror_file)
    server.girder.follow_with(mirror)
    pymongo.MongoClient = partial(mongomock.MongoClient, _store=server)  # type: ignore[assignment,misc]
    return mirror
