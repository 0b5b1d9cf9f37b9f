"""A stand-in for an archive: a few of its REST answers over HTTP, from values in memory."""

import io
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import shapely
from PIL import Image

from tests.builders import noise

TOKEN = "a-token"
FOLDER = "f" * 24


def identifier(number: int) -> str:
    """Return an id such as an archive gives."""
    return f"{number:024x}"


@dataclass
class FakeArchive:
    """The documents of an archive, and how it misbehaves.

    Attributes:
        items: slides by id.
        files: contents by id of the file.
        tiles: what the archive knows of a slide's pixels, by item id.
        annotations: documents by id.
        posted: bodies of new annotations, by item id.
        history: earlier states of annotations, by their id, oldest first.
        logins: of people, by their id.
        job_tokens: what is known of tokens that may not ask whose they are.
        pictures: what was asked of each picture of a part of a slide.
        access_level: of the person in the folder of the slides: 0 reads, 1 writes, 2 decides who may.
        requests: method and path of every request.
        failures: statuses to answer with next, before anything else.
        on_request: called with each path.
        alive_for: number of requests after which every connection is dropped; None for never.
    """

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    tiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[str, dict[str, Any]] = field(default_factory=dict)
    posted: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)
    job_tokens: dict[str, dict[str, Any]] = field(default_factory=dict)
    pictures: list[Mapping[str, str]] = field(default_factory=list)
    access_level: int = 2
    requests: list[str] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    on_request: Callable[[str], None] | None = None
    alive_for: int | None = None
    address: str = ""

    def add_slide(
        self, name: str, content: bytes, size: tuple[int, int], mpp: float | None = 0.25
    ) -> str:
        """Add a slide and return the id of its item."""
        number = len(self.items) + 1
        item, file = identifier(number), identifier(1000 + number)
        self.items[item] = {
            "_id": item,
            "name": name,
            "folderId": FOLDER,
            "meta": {},
            "largeImage": {"fileId": file},
        }
        self.files[file] = content
        millimetres = None if mpp is None else mpp / 1000
        self.tiles[item] = {
            "sizeX": size[0],
            "sizeY": size[1],
            "mm_x": millimetres,
            "mm_y": millimetres,
        }
        return item

    def annotate(self, item: str, *elements: Mapping[str, Any], name: str = "labels") -> str:
        """Add an annotation to a slide and return its id."""
        number = 5000 + len(self.annotations)
        given = [
            {"id": identifier(10_000 * number + row), **element}
            for row, element in enumerate(elements)
        ]
        self.annotations[identifier(number)] = {
            "_id": identifier(number),
            "_version": number,
            "itemId": item,
            "created": f"2026-01-01T00:00:{len(self.annotations):02}",
            "updated": "2026-01-02",
            "annotation": {"name": name, "attributes": {}, "elements": given},
        }
        return identifier(number)

    def save(self, annotation: str, person: str, *elements: Mapping[str, Any]) -> None:
        """Give an annotation other elements, as somebody does; the state until then is kept."""
        now = self.annotations[annotation]
        saves = self.history.setdefault(annotation, [])
        # As in the archive, a state that is no more gets a document of its own.
        state = identifier(9_000_000 + 1000 * len(self.annotations) + len(saves))
        saves.append({**now, "_id": state, "_annotationId": annotation})
        self.annotations[annotation] = {
            **now,
            "_version": now["_version"] + 1000,
            "updated": f"2026-01-03T00:00:{len(saves):02}",
            "updatedId": person,
            "annotation": {**now["annotation"], "elements": [dict(one) for one in elements]},
        }

    def answer(self, method: str, path: str, query: Mapping[str, str], body: bytes) -> Any:  # noqa: ANN401
        """Return a document, or bytes, or a status."""
        if method == "POST" and (found := re.fullmatch("annotation/item/(.*)", path)):
            self.posted.append((found[1], json.loads(body)))
            return 1
        if path == "user/me":
            return {"login": "somebody"} if query.get("token") == TOKEN else None
        if path == "token/current":
            return self.job_tokens.get(query.get("token", ""))
        for pattern, give in self._routes():
            if found := re.fullmatch(pattern, path):
                return give(found, query)
        return 404

    def _picture(self, query: Mapping[str, str]) -> bytes:
        self.pictures.append(query)
        return _picture(query)

    def _routes(self) -> Iterator[tuple[str, Callable[[re.Match[str], Mapping[str, str]], Any]]]:
        folder = {"_id": FOLDER, "name": "slides", "_accessLevel": self.access_level}
        yield "folder/(.*)", lambda found, _: folder if found[1] == FOLDER else 400
        yield "item", lambda _, query: _page(list(self.items.values()), query)
        yield "item/([0-9a-f]*)", lambda found, _: self.items.get(found[1], 400)
        yield "item/(.*)/files", lambda found, query: _page(self._files_of(found[1]), query)
        yield "item/(.*)/tiles", lambda found, _: self.tiles[found[1]]
        yield "item/(.*)/tiles/region", lambda _, query: self._picture(query)
        yield "file/([0-9a-f]*)", lambda found, _: self._file(found[1])
        yield "file/(.*)/download", lambda found, _: self.files[found[1]]
        yield "annotation", lambda _, query: _page(self._annotations_of(query["itemId"]), query)
        yield (
            "annotation/(.*)/history",
            lambda found, query: _page([_bare(one) for one in self._states(found[1])][::-1], query),
        )
        yield "annotation/(.*)/geojson", lambda found, _: self._geojson(found[1])
        yield "annotation/([0-9a-f]*)", lambda found, query: self._annotation(found[1], query)
        yield "user/([0-9a-f]*)", lambda found, _: self._user(found[1])

    def _files_of(self, item: str) -> list[dict[str, Any]]:
        document = self.items[item]
        file = document["largeImage"]["fileId"]
        return [{"_id": file, "name": document["name"], "size": len(self.files[file])}]

    def _file(self, file: str) -> Any:  # noqa: ANN401
        for item in self.items.values():
            if item.get("largeImage", {}).get("fileId") == file:
                return {"_id": file, "itemId": item["_id"]}
        return 400

    def _annotations_of(self, item: str) -> list[dict[str, Any]]:
        return [
            _bare(document) for document in self.annotations.values() if document["itemId"] == item
        ]

    def _states(self, annotation: str) -> list[dict[str, Any]]:
        return [*self.history.get(annotation, []), self.annotations[annotation]]

    def _geojson(self, state: str) -> Any:  # noqa: ANN401
        for document in (one for states in self.history.values() for one in states):
            if document["_id"] == state:
                return {"type": "FeatureCollection", "features": _features(document)}
        return 404

    def _user(self, person: str) -> Any:  # noqa: ANN401
        return {"login": self.logins[person]} if person in self.logins else 403

    def _annotation(self, annotation: str, query: Mapping[str, str]) -> Any:  # noqa: ANN401
        if annotation not in self.annotations:
            return 404
        document = self.annotations[annotation]
        page = _page(document["annotation"]["elements"], query)
        return {**document, "annotation": {**document["annotation"], "elements": page}}


def point(x: float, y: float, group: str = "positive") -> dict[str, Any]:
    """Return a point element."""
    return {"type": "point", "center": [x, y, 0], "group": group}


def polygon(*corners: tuple[float, float], **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return a closed outline."""
    points = [[x, y, 0] for x, y in corners]
    return {"type": "polyline", "closed": True, "points": points, **more}


def square(left: float, top: float, side: float) -> dict[str, Any]:
    """Return a closed outline that is a square."""
    corners = shapely.box(left, top, left + side, top + side).exterior.coords[:-1]
    return polygon(*corners)


@contextmanager
def serving(archive: FakeArchive) -> Iterator[FakeArchive]:
    """Serve an archive on a free port."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"archive": archive})
    )
    server.daemon_threads = True
    archive.address = f"http://127.0.0.1:{server.server_port}/api/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield archive
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    archive: FakeArchive

    def do_GET(self) -> None:
        self._respond("GET")

    def do_POST(self) -> None:
        self._respond("POST")

    def log_message(self, *_: Any) -> None:  # noqa: ANN401  as the base class
        pass

    def _respond(self, method: str) -> None:
        archive = self.archive
        parts = urlsplit(self.path)
        path = parts.path.removeprefix("/api/v1/")
        archive.requests.append(f"{method} {path}")
        if archive.on_request is not None:
            archive.on_request(path)
        if archive.alive_for is not None and len(archive.requests) > archive.alive_for:
            self.close_connection = True
            return
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        query["token"] = self.headers.get("Girder-Token", "")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        failure = archive.failures.pop(0) if archive.failures else None
        self._send(failure or archive.answer(method, path, query, body))

    def _send(self, answer: Any) -> None:  # noqa: ANN401
        status, content = 200, answer
        if isinstance(answer, int) and answer >= 400:
            status, content = answer, {"message": f"no, status {answer}"}
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _bare(document: Mapping[str, Any]) -> dict[str, Any]:
    return {**document, "annotation": {**document["annotation"], "elements": []}}


def _features(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": element["center"]},
            "properties": {k: v for k, v in element.items() if k not in {"type", "center"}},
        }
        for element in document["annotation"]["elements"]
        if element["type"] == "point"
    ]


def _page(entries: list[Any], query: Mapping[str, str]) -> list[Any]:
    start = int(query.get("offset", 0))
    return entries[start : start + int(query.get("limit", 50))]


def _picture(query: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    pixels = noise(int(query["regionWidth"]), int(query["regionHeight"]))
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((int(query["width"]), int(query["height"])))
    picture.save(stream, "PNG")
    return stream.getvalue()
