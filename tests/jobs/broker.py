"""A message broker and a worker beside the sandbox, as an archive has them."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.image.containers import RUN, remove_containers

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")

_START_SECONDS = 90.0

#: How the worker starts containers: where the sandbox answers on loopback, and on one thread, because
#: several would wait for each other where other programs run.
DOCKER_OPTIONS = {
    "network_mode": "host",
    "environment": {"OMP_NUM_THREADS": "1"},
    "labels": {"patherea.test": RUN},
}


#: girder_worker as `girder-worker-config set logging level warning` makes it: below that, it writes the words
#: that it starts containers with, the token among them, into the job's log.
_QUIET_WORKER = """
import girder_worker
girder_worker.logger.setLevel("WARNING")
from girder_worker.__main__ import main
main()
"""


@contextmanager
def running_broker(folder: Path) -> Iterator[str]:
    """Yield the address of a RabbitMQ of its own, which keeps everything in a folder."""
    port, other, mapper = free_ports(3)
    for name in ("data", "log"):
        (folder / name).mkdir(parents=True)
    (folder / "plugins").write_text("[].")
    environment = {
        **os.environ,
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(mapper),
        "RABBITMQ_NODENAME": f"patherea{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(other),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
    }
    with started([str(RABBITMQ)], environment, folder / "broker.log") as process:
        try:
            _await_port(process, port, folder / "broker.log")
            yield f"amqp://guest:guest@127.0.0.1:{port}//"
        finally:
            process.terminate()
            process.wait(60)
            subprocess.run(["epmd", "-kill"], env=environment, capture_output=True, check=False)


@contextmanager
def running_worker(folder: Path, broker: str) -> Iterator[Path]:
    """Yield the log of a girder_worker that takes one job at a time."""
    (folder / "work").mkdir(parents=True)
    environment = {
        **os.environ,
        "C_FORCE_ROOT": "1",
        "GIRDER_WORKER_BROKER": broker,
        "GIRDER_WORKER_BACKEND": "rpc://",
        "GIRDER_WORKER_DOCKER_RUN_OPTIONS": json.dumps(DOCKER_OPTIONS),
        "PYTHONWARNINGS": "ignore",
        "TMPDIR": str(folder / "work"),
    }
    command = [sys.executable, "-c", _QUIET_WORKER, "--concurrency", "1", "--loglevel", "INFO"]
    log = folder / "worker.log"
    try:
        with started(command, environment, log) as process:
            _await_text(process, log, "ready.")
            yield log
    finally:
        remove_containers()  # those of a job that nobody waited for


@contextmanager
def started(
    command: list[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program for as long as the block lasts, with its output in a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=log.parent, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports of loopback that nobody listens on."""
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in listening]
    for one in listening:
        one.close()
    return ports


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    patience = time.monotonic() + _START_SECONDS
    while time.monotonic() < patience and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(log.read_text(errors="replace"))


def _await_text(process: subprocess.Popen[bytes], log: Path, text: str) -> None:
    patience = time.monotonic() + _START_SECONDS
    while time.monotonic() < patience and process.poll() is None:
        if text in log.read_text(errors="replace"):
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace"))
