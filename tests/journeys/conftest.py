"""An archive whose requests and answers get lost, for all journeys that need one."""

from collections.abc import Iterator

import girder_client
import pytest

from plugin.dsa.session import Session
from plugin.sandbox.process import SandboxProcess
from tests.journeys.losing_proxy import LosingProxy, losing_proxy


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
