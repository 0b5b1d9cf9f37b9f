"""A way to an archive that breaks after some requests, as a network does."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

_CHUNK = 1 << 16


@dataclass
class BreakingProxy:
    """A proxy in front of an archive.

    Attributes:
        api_url: the archive's address by way of the proxy.
        requests: connections so far; the archive's client opens one for each request.
        breaks_at: the number of the request during which the way breaks; None for never.
    """

    api_url: str
    requests: int = 0
    breaks_at: int | None = None

    @property
    def broken(self) -> bool:
        """True once the way is broken."""
        return self.breaks_at is not None and self.requests >= self.breaks_at


@contextmanager
def breaking_proxy(api_url: str) -> Iterator[BreakingProxy]:
    """Serve a proxy on a free port in front of the archive at ``api_url``."""
    parts = urlsplit(api_url)
    target = (parts.hostname or "127.0.0.1", parts.port or 80)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        proxy = BreakingProxy(f"http://127.0.0.1:{port}{parts.path}")
        thread = threading.Thread(target=_serve, args=(server, target, proxy), daemon=True)
        thread.start()
        yield proxy
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(server: socket.socket, target: tuple[str, int], proxy: BreakingProxy) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = server.accept()
            proxy.requests += 1
            if proxy.broken:
                # The request has begun when the way breaks.
                client.recv(_CHUNK)
                client.close()
                continue
            threading.Thread(target=_relay, args=(client, target), daemon=True).start()


def _relay(client: socket.socket, target: tuple[str, int]) -> None:
    with client, socket.create_connection(target) as archive:
        back = threading.Thread(target=_copy, args=(archive, client), daemon=True)
        back.start()
        _copy(client, archive)
        back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(_CHUNK):
            sink.sendall(content)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
