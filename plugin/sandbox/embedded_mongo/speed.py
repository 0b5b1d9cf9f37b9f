"""What mongomock does too slowly for annotations of many thousand points; the results stay the same."""

# ruff: noqa: SLF001  these patches replace mongomock's private parts, there is no other way

import copy
import datetime
from collections.abc import Iterator
from operator import itemgetter

import mongomock.collection
import mongomock.filtering
from bson import ObjectId

from plugin.sandbox.embedded_mongo.patch import Patch
from plugin.sandbox.embedded_mongo.store import ONE_AT_A_TIME, Document, Foreign

Collection: Foreign = mongomock.collection.Collection
Cursor: Foreign = mongomock.collection.Cursor

_AS_IT_IS = object()
"""A projection that asks for the stored document itself, to be copied later."""

_UNCHANGEABLE = (str, int, float, bool, type(None), ObjectId, datetime.datetime, bytes)


def use_indexes() -> None:
    """Test only those documents for a search that the store's indexes leave over."""
    slow = Collection._iter_documents

    def iterate(self: Foreign, search: Document) -> Iterator[Document]:
        if self._store.is_empty or not isinstance(search, dict):
            found: Iterator[Document] = slow(self, search)
            return found
        documents, rest = self._store.narrowed(search)
        if not rest:
            return iter(documents)
        applies: Foreign = mongomock.filtering.filter_applies
        return (document for document in documents if applies(rest, document))

    Collection._iter_documents = iterate


def copy_plainly() -> None:
    """Copy documents without asking every number and text in them how it wants to be copied."""
    mongomock.collection._copy_field = lambda value, _container: _copied(value)


def page_first() -> None:
    """Copy the documents that a cursor hands out, not those it skips, and list them once only."""
    all_results, copy_fields = Cursor._compute_results, Collection._copy_only_fields

    def copy_unless_told(
        self: Foreign, document: Document, fields: Foreign, container: Foreign
    ) -> Document:
        copied: Document = (
            document if fields is _AS_IT_IS else copy_fields(self, document, fields, container)
        )
        return copied

    def results(self: Foreign, with_limit_and_skip: Foreign = False) -> list[Document]:  # noqa: FBT002  as called
        if not with_limit_and_skip:
            whole: list[Document] = all_results(self)
            return whole
        first, last = self._skip or 0, (self._skip or 0) + abs(self._limit) if self._limit else None
        with ONE_AT_A_TIME:
            found = list(self.collection._get_dataset(self._spec, self._sort, _AS_IT_IS, dict))
            return [
                self.collection._copy_only_fields(document, self._projection, dict)
                for document in found[first:last]
            ]

    def next_document(self: Foreign) -> Document:
        if self._emitted == 0:
            self._page = self._compute_results(with_limit_and_skip=True)
        if self._emitted >= len(self._page):
            raise StopIteration
        self._emitted += 1
        document: Document = self._page[self._emitted - 1]
        return document

    Collection._copy_only_fields, Cursor._compute_results = copy_unless_told, results
    Cursor.__next__ = Cursor.next = next_document


def sort_ids_directly() -> None:
    """Compare ids as ids where that is all the order asked for, not as values of any kind."""
    dataset = Collection._get_dataset

    def in_order(
        self: Foreign, search: Foreign, sort: Foreign, fields: Foreign, container: Foreign
    ) -> Foreign:
        if not sort or list(sort) != [("_id", 1)]:
            return dataset(self, search, sort, fields, container)
        found = list(self._iter_documents(search))
        if not all(isinstance(document["_id"], ObjectId) for document in found):
            return dataset(self, search, sort, fields, container)
        found.sort(key=itemgetter("_id"))
        return (self._copy_only_fields(document, fields, container) for document in found)

    Collection._get_dataset = in_order


PATCHES = (
    Patch("use indexes", "every search by item, folder, annotation or version", use_indexes),
    Patch("copy plainly", "GET annotation/:id", copy_plainly),
    Patch("page first", "GET annotation/:id", page_first),
    Patch("sort ids directly", "GET annotation/:id?limit=&offset=", sort_ids_directly),
)


def _copied(value: Foreign) -> Foreign:
    kind = type(value)
    if kind is dict:
        return {key: _copied(inner) for key, inner in value.items()}
    if kind is list:
        return [_copied(inner) for inner in value]
    return value if kind in _UNCHANGEABLE else copy.deepcopy(value)
