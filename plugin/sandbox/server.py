"""The sandbox itself: Girder, large_image, slicer_cli_web and HistomicsUI in this process, on loopback."""

import contextlib
import json
import shlex
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from patherea_core.errors import InputError
from plugin import logs
from plugin.sandbox.configuration import (
    HOST,
    broker,
    girder_configuration,
    mongo_uri,
    set_environment,
)
from plugin.sandbox.data_folder import DataFolder
from plugin.sandbox.server_log import logging_to
from plugin.sandbox.web_client import is_built

DEFAULT_DATA = Path("~/.patherea/sandbox")

READY = "READY "
"""Begins the line that tells a program how to reach the sandbox."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A serving sandbox: where it is and how to get in.

    Attributes:
        api_url: address of the REST API.
        histomics_url: address of the viewer.
        login: of the administrator.
        password: of the administrator.
        token: opens the API without a log-in; taken back when the sandbox stops.
        slides_folder_id: folder for slides.
        tasks_folder_id: folder of slicer_cli_web's tasks.
        viewer: whether the web client is built, so that there are pages to see.
    """

    api_url: str
    histomics_url: str
    login: str
    password: str
    token: str
    slides_folder_id: str
    tasks_folder_id: str
    viewer: bool


def serve(*, data: Path | None, port: int | None, ready_json: bool = False) -> None:
    """Run a sandbox until Ctrl-C or SIGTERM.

    Args:
        data: folder that keeps everything; None means `~/.patherea/sandbox`.
        port: to listen on; None or 0 means a free one.
        ready_json: speak to a program: say in one line how to reach the sandbox, and stop also when standard
            input ends.

    Raises:
        InputError: the port is taken, or another sandbox uses the data folder.
        OutputError: the data folder cannot be written.
    """
    output, stop = sys.stdout, threading.Event()
    with _reserved(port) as listening, DataFolder(data or DEFAULT_DATA) as folder:
        _stop_on_signals(stop)
        if ready_json:
            threading.Thread(target=_wait_for_end_of_input, args=(stop,), daemon=True).start()
        with logging_to(folder.logs), _running(folder, listening) as ready:
            output.write(_for_program(ready) if ready_json else _for_person(ready, folder.path))
            output.flush()
            stop.wait()


@contextlib.contextmanager
def _running(folder: DataFolder, listening: socket.socket) -> Iterator[Ready]:
    """Serve for as long as the block lasts; afterwards everything is on disk."""
    port = listening.getsockname()[1]
    folder.configuration.write_text(girder_configuration(port), encoding="utf-8")
    set_environment(folder.configuration)
    with _database(folder.database):
        import cherrypy  # Girder's packages read the configuration when they are loaded
        from girder.utility import server

        from plugin.sandbox.provision import take_back_tokens
        from plugin.sandbox.worker import start_worker

        server.setup()
        ready = _provisioned(folder, port)
        folder.token.write_text(ready.token, encoding="ascii")
        listening.close()
        cherrypy.engine.start()
        if broker() is None:
            start_worker(folder.work)
        try:
            yield ready
        finally:
            cherrypy.engine.exit()
            take_back_tokens()
            folder.token.unlink(missing_ok=True)


@contextlib.contextmanager
def _database(mirror_file: Path) -> Iterator[None]:
    """Connect Girder to the MongoDB that the environment names, else to the embedded database."""
    uri = mongo_uri()
    if uri is None:
        from plugin.sandbox.embedded_mongo import install

        mirror = install(mirror_file)
        try:
            yield
        finally:
            mirror.close()
    else:
        from girder.utility.config import getConfig

        getConfig()["database"]["uri"] = uri
        yield


def _provisioned(folder: DataFolder, port: int) -> Ready:
    """Make what is missing and return how to get in."""
    from plugin.sandbox.provision import provision

    credentials = folder.credentials()
    logs.hide(credentials.password)
    api_url = f"http://{HOST}:{port}/api/v1"
    made = provision(credentials, folder.assetstore, api_url)
    logs.hide(made.token)
    return Ready(
        api_url=api_url,
        histomics_url=f"http://{HOST}:{port}/histomics",
        login=credentials.login,
        password=credentials.password,
        token=made.token,
        slides_folder_id=made.slides_folder_id,
        tasks_folder_id=made.tasks_folder_id,
        viewer=is_built(),
    )


@contextlib.contextmanager
def _reserved(port: int | None) -> Iterator[socket.socket]:
    """Yield a socket that holds the port, or a free one, until it is closed."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port or 0))
        except (OSError, OverflowError) as error:
            raise InputError(
                f"port {port} cannot be used ({error}); choose another, or none for a free one"
            ) from error
        yield listening


def _stop_on_signals(stop: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())


def _wait_for_end_of_input(stop: threading.Event) -> None:
    """Stop with the program that started us, however it ends."""
    sys.stdin.read()
    stop.set()


def _for_program(ready: Ready) -> str:
    return f"{READY}{json.dumps(asdict(ready))}\n"


def _for_person(ready: Ready, data: Path) -> str:
    viewer = ready.histomics_url
    if not ready.viewer:
        viewer = "not built; run: python -m plugin.sandbox.web_client"
    return (
        "A Digital Slide Archive for trying and testing, on this machine only; no server for production.\n"
        f"  viewer    {viewer}\n"
        f"  REST API  {ready.api_url}\n"
        f"  log in    {ready.login}, password {ready.password}\n"
        f"  slides    folder {ready.slides_folder_id} (collection Samples)\n"
        f"  data      {data}\n"
        f"For commands in another shell:  export PATHEREA_TOKEN=$(cat {shlex.quote(str(data / 'token'))})\n"
        "Stop it with Ctrl-C.\n"
    )
