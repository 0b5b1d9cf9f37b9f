"""The indexes of the embedded database find what reading every document finds."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from mongomock import filtering

from plugin.sandbox.embedded_mongo.store import Document, IndexedCollection, Server

filter_applies: Any = filtering.filter_applies

VALUES = st.sampled_from([0, 1, 2, "a", None, [1], {"b": 1}])
DOCUMENTS = st.dictionaries(st.sampled_from(["annotationId", "_version", "other"]), VALUES)
CONDITIONS = (
    VALUES | st.builds(lambda wanted: {"$in": wanted}, st.lists(VALUES)) | st.just({"$gte": 1})
)
SEARCHES = st.dictionaries(
    st.sampled_from(["_id", "annotationId", "_version", "other"]), CONDITIONS
)
CHANGES = st.lists(st.tuples(st.integers(0, 5), DOCUMENTS | st.none()))


def collection_after(changes: list[tuple[int, Document | None]]) -> IndexedCollection:
    collection = IndexedCollection("annotationelement")
    for key, document in changes:
        if document is not None:
            # as in Girder, no indexed field holds a list
            plain = {k: v for k, v in document.items() if k == "other" or not isinstance(v, list)}
            collection[key] = {"_id": key, **plain}
        elif key in collection:
            del collection[key]
    return collection


@given(CHANGES, SEARCHES)
def test_indexes_find_what_reading_all_finds(
    changes: list[tuple[int, Document | None]], search: Document
) -> None:
    collection = collection_after(changes)
    documents, rest = collection.narrowed(search)
    by_index = {d["_id"] for d in documents if filter_applies(rest, d)}
    assert by_index == {d["_id"] for d in collection.documents if filter_applies(search, d)}


def test_a_document_changed_in_place_is_found_under_its_new_value() -> None:
    collection = collection_after([(1, {"_version": 1})])
    document = collection[1]
    document["_version"] = 2
    collection.touched(1, document)
    assert collection.narrowed({"_version": 1}) == ([], {})
    assert collection.narrowed({"_version": 2}) == ([document], {})


def test_a_dropped_collection_is_empty() -> None:
    collection = collection_after([(1, {"_version": 1})])
    collection.drop()
    assert collection.narrowed({"_version": 1}) == ([], {})
    assert collection.narrowed({}) == ([], {})


class Notes:
    """A follower that writes down what it is told."""

    def __init__(self, *kept: tuple[str, Document]) -> None:
        self.kept = kept
        self.told: list[tuple[str, Any, Document | None]] = []

    def load(self) -> tuple[tuple[str, Document], ...]:
        return self.kept

    def changed(self, collection: str, key: object, document: Document | None) -> None:
        self.told.append((collection, key, document))


def test_a_follower_gives_what_it_kept_and_learns_what_is_new() -> None:
    database, notes = Server().girder, Notes(("item", {"_id": 1, "folderId": 5}))
    database.follow_with(notes)
    assert database["item"].narrowed({"folderId": 5}) == ([{"_id": 1, "folderId": 5}], {})
    assert notes.told == []
    database["new"][2] = {"_id": 2}
    del database["item"][1]
    assert notes.told == [("new", 2, {"_id": 2}), ("item", 1, None)]
