"""What tests of every folder share: one Digital Slide Archive for the whole session."""

import logging
import os
from collections.abc import Iterator
from typing import Any

import girder_client
import pytest
from hypothesis import HealthCheck, settings

from plugin import logs
from plugin.sandbox.process import SandboxProcess

if "PYTEST_XDIST_WORKER" in os.environ:  # each of several on all cores would wait for the others
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes, and how long it takes to make one, is a matter of what else runs.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def logs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End with a test what commands in its process make of the logs: where they go, and what is hidden."""
    monkeypatch.setattr(logs, "_secrets", set())
    root = logging.getLogger()
    level = root.level
    yield
    root.handlers[:] = [one for one in root.handlers if type(one).__module__ != logs.__name__]
    root.setLevel(level)


class Sandbox(SandboxProcess):
    """A sandbox with a client to talk to it."""

    def client(self) -> Any:  # noqa: ANN401  girder_client publishes no types
        """Return a new client, logged in as the administrator."""
        client = girder_client.GirderClient(apiUrl=self.api_url)
        client.setToken(self.token)
        return client


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running
