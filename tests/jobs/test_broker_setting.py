"""Where the sandbox sends its jobs."""

import os
from pathlib import Path

import pytest

from plugin.sandbox.configuration import broker, set_environment


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())


def test_jobs_go_to_the_broker_that_the_environment_names() -> None:
    os.environ["PATHEREA_BROKER"] = "amqp://somewhere//"
    set_environment(Path("girder.cfg"))
    assert os.environ["GIRDER_WORKER_BROKER"] == "amqp://somewhere//"
    assert os.environ["GIRDER_WORKER_BACKEND"] == "rpc://"


@pytest.mark.parametrize("said", ["", " "])
def test_without_a_broker_jobs_stay_inside_the_process(said: str) -> None:
    os.environ["PATHEREA_BROKER"] = said
    set_environment(Path("girder.cfg"))
    assert broker() is None
    assert os.environ["GIRDER_WORKER_BROKER"] == "memory://"
