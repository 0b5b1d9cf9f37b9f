"""Questions to the embedded database whose answers must not depend on how fast it is.

`python -m tests.plugin.sandbox.speed_probes [NAME…]` asks them with these patches for speed left out (all of
them for `none`) and prints the answers.
"""

import json
import random
import sys
from collections.abc import Iterator
from typing import Any

import mongomock
from bson import ObjectId

from plugin.sandbox.embedded_mongo import gaps, speed
from plugin.sandbox.embedded_mongo.store import Server


def main(leave_out: list[str]) -> None:
    for patch in gaps.PATCHES + speed.PATCHES:
        # Girder itself is not asked, so it need not be loaded
        if patch.name not in leave_out and patch.name != "show cursors to rest":
            patch.apply()
    client: Any = mongomock.MongoClient(_store=Server())
    elements = client["girder"]["annotationelement"]
    fill(elements)
    sys.stdout.write(json.dumps(list(answers(elements)), default=str))


def fill(elements: Any) -> None:  # noqa: ANN401  mongomock publishes no types
    """Add 300 documents of two annotations in three versions, in no order, and change some."""
    order = random.Random(0)  # noqa: S311  no secret
    numbers = list(range(300))
    order.shuffle(numbers)
    elements.insert_many(
        {
            "_id": ObjectId(f"{number:024x}"),
            "annotationId": ObjectId(f"{number % 2:024x}"),
            "_version": number % 3,
            "element": {"center": [number, number / 2, 0], "group": "abc"[number % 3]},
        }
        for number in numbers
    )
    elements.update_many({"_version": 2, "element.group": "c"}, {"$set": {"_version": 7}})
    elements.update_one({"_id": ObjectId(f"{4:024x}")}, {"$unset": {"_version": ""}})
    elements.delete_many({"annotationId": ObjectId(f"{1:024x}"), "_version": 0})
    for document in elements.find({"_version": 1}):  # what is handed out is the reader's own
        document["element"]["center"].clear()


def answers(elements: Any) -> Iterator[Any]:  # noqa: ANN401  mongomock publishes no types
    even = ObjectId(f"{0:024x}")
    for search in (
        {},
        {"_id": ObjectId(f"{8:024x}")},
        {"_id": {"$in": [ObjectId(f"{n:024x}") for n in (8, 4, 999)]}},
        {"annotationId": even},
        {"annotationId": even, "_version": 7},
        {"annotationId": even, "_version": 99},
        {"annotationId": even, "_version": {"$in": [1, 0, 1]}},
        {"annotationId": even, "_version": {"$gte": 1}},
        {"annotationId": even, "_version": None},
        {"annotationId": {"$in": [even, "x"]}, "element.group": "a"},
        {"$or": [{"_version": 1}, {"_version": 7}]},
    ):
        for sort in ([("_id", 1)], [("_id", -1)], [("element.group", 1), ("_id", 1)]):
            for skip, limit in ((0, 0), (0, 5), (7, 5), (290, 20), (999, 1)):
                yield list(elements.find(search, sort=sort, skip=skip, limit=limit))
        yield elements.count_documents(search)
        yield sorted(elements.distinct("element.group", search))
    yield list(elements.find({}, {"element.group": 1}, sort=[("_id", 1)], limit=3))
    yield list(elements.find({}, ["_version"], sort=[("_id", 1)], skip=2, limit=3))
    cursor = elements.find({"_version": 1}, sort=[("_id", 1)])
    yield [next(cursor), next(cursor), cursor.rewind(), next(cursor), cursor[5], cursor.count()]


if __name__ == "__main__":
    names = [patch.name for patch in speed.PATCHES] if sys.argv[1:] == ["none"] else sys.argv[1:]
    main(names)
