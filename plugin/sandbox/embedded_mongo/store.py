"""Where the documents are: dictionaries with equality indexes that tell a mirror what changed."""

# mongomock's methods have no types:
# mypy: allow-untyped-calls

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bson import ObjectId
from mongomock.store import CollectionStore, DatabaseStore, ServerStore

Foreign = Any
"""Something that mongomock or Girder hands over; they publish no types."""

Document = dict[str, Foreign]

ONE_AT_A_TIME = threading.RLock()
"""Held by everything that reads or changes documents, since mongomock changes them where they are."""

INDEXED: Mapping[str, tuple[str, ...]] = {
    "annotation": ("itemId", "_version", "_annotationId"),
    "annotationelement": ("annotationId", "_version"),
    "file": ("itemId",),
    "folder": ("parentId",),
    "item": ("folderId",),
    "token": ("userId",),
}
"""Fields of each collection by which Girder mostly looks for documents; none of them ever holds a list."""

_PLAIN = (str, int, float, ObjectId)


class Follower(Protocol):
    """Something that keeps up with the documents."""

    def load(self) -> Iterable[tuple[str, Document]]:
        """Yield collection and document of everything kept so far."""

    def changed(self, collection: str, key: Foreign, document: Document | None) -> None:
        """Note that a document is new or different, or gone (None)."""


class IndexedCollection(CollectionStore):
    """The documents of one collection."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.follower: Follower | None = None
        self._fields = INDEXED.get(name, ())
        self._keys_by_value: dict[tuple[str, Foreign], dict[Foreign, None]] = {}
        self._values_by_key: dict[Foreign, tuple[Foreign, ...]] = {}

    def __setitem__(self, key: Foreign, document: Document) -> None:
        super().__setitem__(key, document)
        self.touched(key, document)

    def __delitem__(self, key: Foreign) -> None:
        super().__delitem__(key)
        self._unlink(key)
        if self.follower:
            self.follower.changed(self.name, key, None)

    def drop(self) -> None:
        """Remove all documents and indexes."""
        for key in list(self._documents):
            del self[key]
        super().drop()

    def touched(self, key: Foreign, document: Document) -> None:
        """Take note that the document with this key is new, or was changed where it is."""
        self._link(key, document)
        if self.follower:
            self.follower.changed(self.name, key, document)

    def narrowed(self, search: Document) -> tuple[list[Document], Document]:
        """Use the indexes for a search.

        Returns:
            The documents that may match, in the order of insertion where all may, and that part of the search
            which they have still to be tested for.
        """
        if isinstance(search.get("_id"), ObjectId):
            document = self._documents.get(search["_id"])
            return ([] if document is None else [document]), search
        found = self._found_by_index(search)
        if not found:
            return list(self._documents.values()), search
        smallest, *others = sorted(found.values(), key=len)
        keys = [key for key in smallest if all(key in other for other in others)]
        rest = {field: value for field, value in search.items() if field not in found}
        return [self._documents[key] for key in keys], rest

    def _found_by_index(self, search: Document) -> dict[str, Mapping[Foreign, None]]:
        """Return, for each indexed field that the search wants equal to something, the keys that are."""
        found: dict[str, Mapping[Foreign, None]] = {}
        for field in self._fields:
            wanted = _wanted_values(search.get(field))
            if wanted is not None:
                each = [self._keys_by_value.get((field, value), {}) for value in wanted]
                found[field] = (
                    each[0] if len(each) == 1 else {k: None for keys in each for k in keys}
                )
        return found

    def _link(self, key: Foreign, document: Document) -> None:
        values = tuple(document.get(field) for field in self._fields)
        if self._values_by_key.get(key) == values:
            return
        self._unlink(key)
        for field, value in zip(self._fields, values, strict=True):
            if isinstance(value, _PLAIN):
                self._keys_by_value.setdefault((field, value), {})[key] = None
        self._values_by_key[key] = values

    def _unlink(self, key: Foreign) -> None:
        for field, value in zip(self._fields, self._values_by_key.pop(key, ()), strict=False):
            if isinstance(value, _PLAIN):
                keys = self._keys_by_value[field, value]
                keys.pop(key, None)
                if not keys:
                    del self._keys_by_value[field, value]


class IndexedDatabase(DatabaseStore):
    """The collections of one database, made when they are first asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._follower: Follower | None = None

    def __getitem__(self, name: str) -> IndexedCollection:
        if name not in self._collections:
            self._collections[name] = IndexedCollection(name)
            self._collections[name].follower = self._follower
        collection: IndexedCollection = self._collections[name]
        return collection

    def follow_with(self, follower: Follower) -> None:
        """Take over the documents of the follower, which learns of every change from now on."""
        for name, document in follower.load():
            self[name][document["_id"]] = document
        self._follower = follower
        for collection in self._collections.values():
            collection.follower = follower


class Server(ServerStore):
    """All that clients of the embedded database see: one database, of Girder."""

    def __init__(self) -> None:
        super().__init__()
        self.girder = IndexedDatabase()
        self._databases["girder"] = self.girder


def _wanted_values(condition: Foreign) -> list[Foreign] | None:
    """Return the values that a condition on a field accepts; None if it is no equality of plain values."""
    if isinstance(condition, dict):
        if set(condition) != {"$in"}:
            return None
        values = list(condition["$in"])
    else:
        values = [condition]
    return values if all(isinstance(value, _PLAIN) for value in values) else None
