"""What Girder and its plugins ask of MongoDB and mongomock lacks, or does otherwise.

One lookup of large_image_annotation (`$lookup` with `let` and `pipeline`) is missing too. large_image has
another way for databases without it, which `plugin.sandbox.configuration` chooses.
"""

# ruff: noqa: SLF001  these patches replace mongomock's private parts, there is no other way

import functools
import re
from collections.abc import Callable, Iterator

import mongomock.aggregate
import mongomock.codec_options
import mongomock.collection
import mongomock.command_cursor
import mongomock.filtering

from plugin.sandbox.embedded_mongo.patch import Patch
from plugin.sandbox.embedded_mongo.store import ONE_AT_A_TIME, Document, Foreign

Collection: Foreign = mongomock.collection.Collection
Cursor: Foreign = mongomock.collection.Cursor
STAGES: Foreign = mongomock.aggregate._PIPELINE_HANDLERS
FILTERS: Foreign = mongomock.filtering

SERIALISED = (
    "_insert",
    "_update",
    "_delete",
    "_find_and_modify",
    "count_documents",
    "create_index",
    "drop_index",
    "distinct",
    "aggregate",
)
"""The methods of a collection through which everything but `find` goes."""


def count_cursors() -> None:
    """Give cursors the method `count`, which Girder adds to pymongo's own."""

    def count(self: Foreign, with_limit_and_skip: Foreign = False) -> int:  # noqa: FBT002  as called
        limits = {"skip": self._skip or 0} if with_limit_and_skip else {}
        if with_limit_and_skip and self._limit:
            limits["limit"] = self._limit
        total: int = self.collection.count_documents(self._spec or {}, **limits)
        return total

    Cursor.count = count


def show_cursors_to_rest() -> None:
    """Let Girder's REST answers take mongomock's cursors for lists of documents."""
    from girder.api import rest  # only a process that becomes a server may load Girder

    own = (Cursor, mongomock.command_cursor.CommandCursor)
    rest._MONGO_CURSOR_TYPES = (*rest._MONGO_CURSOR_TYPES, *own)


def ignore_document_class() -> None:
    """Hand out plain dictionaries where another class is asked for, which is only meant to decode faster."""
    mongomock.codec_options.is_supported = lambda _options: None


def search_words() -> None:
    """Find documents in which one of the words asked for occurs."""

    def occurs(document: Document, search: Document, _apply: Callable[..., bool]) -> bool:
        wanted = {word.lower() for word in re.findall(r"\w+", search["$search"])}
        return any(wanted & set(re.findall(r"\w+", text.lower())) for text in _texts(document))

    FILTERS.LOGICAL_OPERATOR_MAP["$text"] = occurs


def ignore_text_score() -> None:
    """Leave out how well the words fit: all fit equally here."""
    copy_fields, dataset = Collection._copy_only_fields, Collection._get_dataset

    def copy_without(
        self: Foreign, document: Document, fields: Foreign, container: Foreign
    ) -> Document:
        copied: Document = copy_fields(self, document, _without_score(fields), container)
        return copied

    def dataset_without(
        self: Foreign, search: Foreign, sort: Foreign, fields: Foreign, container: Foreign
    ) -> Foreign:
        kept = list(_without_score(dict(sort)).items()) if sort else sort
        return dataset(self, search, kept, fields, container)

    Collection._copy_only_fields, Collection._get_dataset = copy_without, dataset_without
    for stage in ("$addFields", "$sort"):
        handler = STAGES[stage]
        STAGES[stage] = functools.partial(_stage_without_score, handler)


def look_up_through_lists() -> None:
    """Let `$lookup` follow a path through a list of documents, as in `items._id`."""

    def look_up(
        documents: list[Document], database: Foreign, options: dict[str, str]
    ) -> list[Document]:
        foreign = database.get_collection(options["from"])
        path = options["localField"]
        for document in documents:
            found = FILTERS.iter_key_candidates(path, document)
            values = [None if v is FILTERS.NOTHING else v for v in found] or [None]
            search = {options["foreignField"]: {"$in": _flat(values)}}
            document[options["as"]] = list(foreign.find(search))
        return documents

    STAGES["$lookup"] = look_up


def one_at_a_time() -> None:
    """Let no two threads change or read documents at once, as one operation of MongoDB is atomic."""
    for name in SERIALISED:
        setattr(Collection, name, _serialised(getattr(Collection, name)))
    Cursor._compute_results = _serialised(Cursor._compute_results)


def tell_of_changes() -> None:
    """Tell the store of documents changed where they are, for its indexes and the mirror."""
    ensure_uniques = Collection._ensure_uniques

    def ensure(self: Foreign, document: Document) -> None:
        # mongomock calls this after every update, and goes back to the former document if it raises
        ensure_uniques(self, document)
        if document["_id"] in self._store._documents:
            self._store.touched(document["_id"], document)

    Collection._ensure_uniques = ensure


PATCHES = (
    Patch("count cursors", "Folder.countFolders, Girder-Total-Count of every list", count_cursors),
    Patch("show cursors to rest", "GET user, GET folder, every list", show_cursors_to_rest),
    Patch("ignore document class", "Annotationelement.yieldElements", ignore_document_class),
    Patch("search words", "Item.textSearch, Folder.textSearch", search_words),
    Patch("ignore text score", "Item.textSearch, Folder.textSearch", ignore_text_score),
    Patch("look up through lists", "GET annotation/folder/:id", look_up_through_lists),
    Patch("one at a time", "Annotationelement.getNextVersionValue", one_at_a_time),
    Patch("tell of changes", "Item.save, read by the mirror", tell_of_changes),
)


def _texts(value: Foreign) -> Iterator[str]:
    """Yield all texts in a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def _without_score(fields: Foreign) -> Foreign:
    """Return a projection, addition or sort order without the score of a text search."""
    if not isinstance(fields, dict):
        return fields
    return {
        key: value
        for key, value in fields.items()
        if not (isinstance(value, dict) and "$meta" in value)
    }


def _stage_without_score(
    handler: Callable[..., Foreign], documents: list[Document], database: Foreign, options: Foreign
) -> Foreign:
    kept = _without_score(options)
    return handler(documents, database, kept) if kept else documents


def _flat(values: list[Foreign]) -> list[Foreign]:
    return [v for value in values for v in (value if isinstance(value, list) else [value])]


def _serialised(function: Callable[..., Foreign]) -> Callable[..., Foreign]:
    @functools.wraps(function)
    def serialised(*arguments: Foreign, **options: Foreign) -> Foreign:
        with ONE_AT_A_TIME:
            return function(*arguments, **options)

    return serialised
