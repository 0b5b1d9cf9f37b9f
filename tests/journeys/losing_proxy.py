"""A way to an archive on which some requests, or the answers to them, get lost."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

#: What becomes of a request: it is lost, or its answer is; the client sees a cut or a status. One that is
#: late reaches the archive just before the next request of these methods; of one that is cut in two the
#: archive gets the first half.
Fault = Literal[
    "request cut",
    "request 503",
    "request late",
    "request in two",
    "answer cut",
    "answer 502",
    "answer page",
]


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def half(self) -> "_Request":
        """Return the request with the first half of what it brings."""
        body = self.body[: len(self.body) // 2]
        return replace(self, body=body, headers={**self.headers, "Content-Length": str(len(body))})

    def made_to(self, target: tuple[str, int]) -> tuple[int, bytes, str]:
        """Return status, content and kind of the answer."""
        connection = http.client.HTTPConnection(*target, timeout=60)
        connection.request(self.method, self.path, self.body, self.headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content, answer.getheader("Content-Type", "")


@dataclass
class LosingProxy:
    """A proxy in front of an archive.

    Attributes:
        api_url: the archive's address by way of the proxy.
        target: where the archive listens.
        methods: what is lost.
        faults: what becomes of the next requests of these methods, in order; None for one that passes, as
            all others do.
        retry_after: what an answer with a status of 503 asks for.
        seen: method and path of every request.
        held: requests that are late.
        headers: of every request.
        sends_on_to: another address, to which all are sent on; empty for none.
    """

    api_url: str
    target: tuple[str, int]
    methods: tuple[str, ...] = ("POST", "PUT")
    faults: list[Fault | None] = field(default_factory=list)
    retry_after: str = ""
    seen: list[str] = field(default_factory=list)
    held: list["_Request"] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    sends_on_to: str = ""

    @property
    def writes(self) -> int:
        """Number of requests of the methods that are lost."""
        return sum(one.startswith(self.methods) for one in self.seen)


@contextmanager
def losing_proxy(api_url: str) -> Iterator[LosingProxy]:
    """Serve a proxy on a free port in front of the archive at ``api_url``."""
    parts = urlsplit(api_url)

    class Handler(_Handler):
        """Requests to this archive."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_port}{parts.path}"
    proxy = LosingProxy(address, (parts.hostname or "127.0.0.1", parts.port or 80))
    Handler.proxy = proxy
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    proxy: LosingProxy

    def log_message(self, *_: object) -> None:
        pass

    def _relay(self) -> None:
        proxy = self.proxy
        request = _Request(self.command, self.path, dict(self.headers), self._body())
        proxy.seen.append(f"{request.method} {request.path}")
        proxy.headers.append(request.headers)
        if proxy.sends_on_to:
            self._send_on(proxy.sends_on_to)
            return
        fault = None
        if request.method in proxy.methods:
            while proxy.held:
                proxy.held.pop(0).made_to(proxy.target)
            fault = proxy.faults.pop(0) if proxy.faults else None
        if fault == "request late":
            proxy.held.append(request)
        elif fault == "request in two":
            request.half().made_to(proxy.target)
        answer = None if (fault or "").startswith("request") else request.made_to(proxy.target)
        if fault is not None:
            self._lose(fault)
        elif answer is not None:
            self._answer(*answer)

    do_GET = _relay  # noqa: N815  as the base class looks for it
    do_POST = _relay  # noqa: N815
    do_PUT = _relay  # noqa: N815
    do_DELETE = _relay  # noqa: N815

    def _send_on(self, api_url: str) -> None:
        base = api_url.removesuffix("/api/v1")
        self.send_response(307)
        self.send_header("Location", f"{base}{self.path}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _lose(self, fault: Fault) -> None:
        if fault.endswith(("cut", "late", "in two")):
            self.close_connection = True
        elif fault.endswith("page"):
            self._answer(502, b"<html><h1>Bad Gateway</h1></html>", "text/html")
        else:
            self._answer(int(fault[-3:]), b'{"message": "not now"}', "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if status == 503 and self.proxy.retry_after:
            self.send_header("Retry-After", self.proxy.retry_after)
        self.end_headers()
        self.wfile.write(content)
