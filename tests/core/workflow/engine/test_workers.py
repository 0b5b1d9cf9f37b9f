"""Whom the processes that read tiles obey."""

import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch.utils.data import Dataset

from patherea_core.workflow.engine.loading import Machine, loader_settings
from patherea_core.workflow.engine.workers import UndisturbedLoader

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "sigwaitinfo"), reason="only Linux tells who sent a signal"
)


class Readers(Dataset[int]):
    """Gives the number of the process that reads, as often as wanted."""

    def __len__(self) -> int:
        """Return how often."""
        return 1000

    def __getitem__(self, _index: int) -> int:
        """Return the number of this process."""
        return os.getpid()


def loader(start: str, workers: int = 1) -> UndisturbedLoader[int]:
    return UndisturbedLoader(
        Readers(),
        batch_size=None,
        multiprocessing_context=multiprocessing.get_context(start),
        **loader_settings(workers, Machine(2, gpu=False, devices=1, shared_memory=None)),
    )


def send(number: signal.Signals, process: int) -> None:
    """Send a signal as somebody who did not start the process."""
    subprocess.run(["kill", f"-{number.value}", str(process)], check=True)


def is_gone(process: int, seconds: float = 5.0) -> bool:
    patience = time.monotonic() + seconds
    while time.monotonic() < patience:
        state = Path(f"/proc/{process}/stat")
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def batches() -> Iterator[int]:
    return iter(loader("fork"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_reads_on_when_others_ask_it_to_stop(
    batches: Iterator[int], number: signal.Signals
) -> None:
    worker = next(batches)
    send(number, worker)
    assert {next(batches) for _ in range(20)} == {worker}


def test_a_worker_ends_when_the_process_that_trains_says_so(batches: Iterator[int]) -> None:
    worker = next(batches)
    send(signal.SIGTERM, worker)
    assert not is_gone(worker, 0.3)
    os.kill(worker, signal.SIGTERM)
    assert is_gone(worker)


@pytest.mark.slow  # the worker loads PyTorch
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_worker_that_is_still_loading_is_deaf_already(number: signal.Signals) -> None:
    batches = iter(loader("spawn"))
    (started,) = multiprocessing.active_children()
    assert started.pid is not None
    send(number, started.pid)
    assert next(batches) == started.pid


@pytest.mark.parametrize("workers", [0, 1])
def test_requests_reach_the_process_that_trains(workers: int) -> None:
    asked: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    try:
        batches = iter(loader("fork", workers) if workers else UndisturbedLoader(Readers()))
        send(signal.SIGTERM, os.getpid())
        next(batches)
        assert asked == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)
