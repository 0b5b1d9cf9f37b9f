"""What the sandbox tells Girder and its plugins before they are loaded: a file and some variables."""

import os
from collections.abc import Mapping
from pathlib import Path

from plugin.sandbox.embedded_mongo import DATABASE_URI

HOST = "127.0.0.1"
"""The sandbox is reachable from this machine only."""

_GIRDER_CONFIGURATION = """\
[global]
server.socket_host = "{host}"
server.socket_port = {port}
server.thread_pool = 20
server.shutdown_timeout = 1
server.max_request_body_size = 1073741824
engine.autoreload.on = False
log.screen = False

[database]
uri = "{uri}"

[server]
mode = "production"
disable_event_daemon = False

[large_image]
cache_backend = "python"

[cache]
enabled = True
"""

_VARIABLES: Mapping[str, str] = {
    # large_image then looks annotations up in a way that the embedded database can do too
    "LARGE_IMAGE_DOCUMENTDB": "true",
    # jobs stay inside this process; slicer_cli_web reads these and not Girder's settings
    "GIRDER_WORKER_BROKER": "memory://",
    "GIRDER_WORKER_BACKEND": "cache+memory://",
    "GW_DIRECT_PATHS": "true",
}

BACKEND = "rpc://"
"""How workers beside the sandbox answer: by the same broker."""

_MISLEADING = ("GIRDER_PORT", "GIRDER_MONGO_URI", "GIRDER_TEST_DB")
"""Variables meant for other Girders, which would win over the file."""


def girder_configuration(port: int) -> str:
    """Return the text of `girder.cfg`; an address of a MongoDB stays out, as it may hold a password."""
    return _GIRDER_CONFIGURATION.format(host=HOST, port=port, uri=DATABASE_URI)


def set_environment(configuration: Path) -> None:
    """Point this process, and what it starts, to the sandbox's configuration."""
    for name in _MISLEADING:
        os.environ.pop(name, None)
    os.environ.update(_VARIABLES, GIRDER_CONFIG=str(configuration))
    address = broker()
    if address is not None:
        os.environ.update(GIRDER_WORKER_BROKER=address, GIRDER_WORKER_BACKEND=BACKEND)


def broker() -> str | None:
    """Return the address of the broker whose workers run jobs; None for jobs inside this process."""
    return os.environ.get("PATHEREA_BROKER", "").strip() or None


def mongo_uri() -> str | None:
    """Return the address of the MongoDB to use; None for the embedded database."""
    return os.environ.get("PATHEREA_MONGO_URI", "").strip() or None
