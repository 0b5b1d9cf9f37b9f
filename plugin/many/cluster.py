"""Where the workers are: processes on this machine, or a dask cluster that somebody runs.

Whoever can speak to a dask scheduler can run programs on its workers. So the cluster on this machine takes
only who has its certificate, which is made for the run and never leaves its processes.
"""

import json
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dask
import torch
from dask.system import CPU_COUNT
from distributed import Client, Nanny, Scheduler, SpecCluster, Worker, WorkerPlugin
from distributed.security import Security

from patherea_core.errors import InputError

#: Seconds in which a scheduler must answer.
_ANSWER = 30

_HERE = "127.0.0.1"

#: The servers of web pages, which cannot be left out, have none to show.
_NO_PAGES: dict[str, list[str]] = {
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


def visible_gpus(device: str) -> tuple[str, ...]:
    """Return the GPUs of this machine that may be used, as CUDA calls them; none for a processor.

    Args:
        device: auto, cpu or cuda.
    """
    count = 0 if device == "cpu" else torch.cuda.device_count()
    told = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    names = [name.strip() for name in told.split(",") if name.strip()]
    return tuple((names or [str(number) for number in range(count)])[:count])


def environments(
    workers: int, gpus: tuple[str, ...], cores: int
) -> list[tuple[int, dict[str, str]]]:
    """Return the threads and the environment of each worker of this machine.

    Workers share the cores, and each has one GPU, where there are any.

    Args:
        workers: how many there are.
        gpus: what they share.
        cores: what they share.
    """
    threads = max(1, cores // workers)
    shared = {name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
    pinned = [
        {"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)]} if gpus else {}
        for number in range(workers)
    ]
    return [(threads, shared | one) for one in pinned]


@contextmanager
def local_cluster(workers: int, gpus: tuple[str, ...]) -> Iterator[Client]:
    """Lend so many workers on this machine, each a process that is started again if it dies.

    Args:
        workers: how many.
        gpus: each worker gets one of these.
    """
    security = Security.temporary()
    common = {
        "host": _HERE,
        "protocol": "tls://",
        "security": security,
        "dashboard": False,
        "dashboard_address": f"{_HERE}:0",
    }
    nannies = {
        number: {
            "cls": Nanny,
            "options": {
                **common,
                "nthreads": threads,
                "env": environment,
                "memory_limit": 0,  # what a network needs is not known beforehand
                "silence_logs": logging.CRITICAL,  # what matters of a task comes back with it
            },
        }
        for number, (threads, environment) in enumerate(environments(workers, gpus, CPU_COUNT))
    }
    scheduler = {"cls": Scheduler, "options": common | {"port": 0}}
    _be_quiet()
    with (
        dask.config.set(_NO_PAGES),
        SpecCluster(nannies, scheduler, security=security) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.register_plugin(_Undisturbed())
        ended = False
        try:
            yield client
            ended = True
        finally:
            if not ended:
                _kill(cluster)


class _Undisturbed(WorkerPlugin):
    """Lets a worker be deaf to Ctrl-C, which a terminal sends to all processes: the coordinator tells it."""

    def setup(self, worker: Worker) -> None:  # noqa: ARG002  as dask calls it
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _kill(cluster: SpecCluster) -> None:
    """End the workers at once, for a person waits; their journals do not mind."""
    for nanny in cluster.workers.values():
        nanny.auto_restart = False
        if nanny.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(nanny.pid, signal.SIGKILL)


@contextmanager
def running_cluster(scheduler: str) -> Iterator[Client]:
    """Lend the workers of a cluster that somebody runs; it stays when the block ends.

    Args:
        scheduler: its address, or the file that says it.

    Raises:
        InputError: nobody answers there.
    """
    address = _address_in(Path(scheduler)) if scheduler.endswith(".json") else scheduler
    _be_quiet()
    try:
        client = Client(address, timeout=_ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:
        said = str(error).split("\n")[0]
        raise InputError(
            f"no dask scheduler answers at {address} ({said}); start one with `dask scheduler`, or leave"
            " --scheduler out"
        ) from error
    try:
        yield client
    finally:
        with suppress(OSError):  # it may be gone
            client.close()


def _address_in(file: Path) -> str:
    """Return the address that a scheduler wrote into a file."""
    try:
        return str(json.loads(file.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} is no file of a dask scheduler; start one with `dask scheduler --scheduler-file {file}`,"
            " or give its address"
        ) from error


def _be_quiet() -> None:
    """Leave out what dask tells of its own comings and goings."""
    for name in ("distributed", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
