"""What journeys share: archives that lose requests and answers, or that take files in small pieces."""

from collections.abc import Iterator
from typing import Any

import girder_client
import pytest

from plugin.dsa.session import Session
from plugin.sandbox.process import SandboxProcess
from tests.journeys.losing_proxy import LosingProxy, losing_proxy

#: Bytes of the smallest piece of a file that the archive takes under ``small_pieces``.
LEAST_PIECE = 4096


@pytest.fixture
def proxy(sandbox: SandboxProcess) -> Iterator[LosingProxy]:
    with losing_proxy(sandbox.api_url) as running:
        yield running


@pytest.fixture
def waits() -> list[float]:
    """The pauses that are asked for; none is made."""
    return []


@pytest.fixture
def session(proxy: LosingProxy, sandbox: SandboxProcess, waits: list[float]) -> Session:
    client = girder_client.GirderClient(apiUrl=proxy.api_url)
    client.setToken(sandbox.token)
    return Session(client, sleep=waits.append)


@pytest.fixture(scope="module")
def small_pieces(sandbox: SandboxProcess) -> Iterator[int]:
    """Let the archive take pieces of ``LEAST_PIECE``, so that many files can be sent; give its own least."""
    client: Any = girder_client.GirderClient(apiUrl=sandbox.api_url)
    client.setToken(sandbox.token)
    key = "core.upload_minimum_chunk_size"
    least = int(client.get("system/setting", {"key": key}))
    client.put("system/setting", {"key": key, "value": LEAST_PIECE})
    yield least
    client.put("system/setting", {"key": key, "value": least})
