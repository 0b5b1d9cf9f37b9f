"""Builds the web pages of Girder and HistomicsUI, which their Python packages do not carry.

`python -m plugin.sandbox.web_client` builds them once per environment (some three minutes, with npm)
into the folder that Girder serves, and does nothing when they are there already for the installed versions.
The build happens in a folder of its own, so neither the installed packages nor a finished client change
before the new one is complete. Without a web client the sandbox still serves its API.
"""

import argparse
import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from patherea_core.errors import OutputError, PathereaError
from plugin.sandbox.node import find_node
from plugin.sandbox.web_client_build import build_pages

RECIPE = 1
"""Number of the way we build; raising it makes every environment build anew."""

Report = Callable[[str], None]


def main(arguments: list[str] | None = None) -> int:
    """Build the web client if it is missing or old; return 0 when it is there, 1 when it is not."""
    parser = argparse.ArgumentParser(
        prog="python -m plugin.sandbox.web_client", description=main.__doc__
    )
    parser.add_argument(
        "--optional", action="store_true", help="only warn when the client cannot be built"
    )
    optional = bool(parser.parse_args(arguments).optional)
    try:
        ensure_web_client(_say)
    except PathereaError as error:
        sys.stderr.write(
            f"The web client is missing: {error}\nThe sandbox still serves its REST API.\n"
        )
        return 0 if optional else 1
    return 0


def ensure_web_client(report: Report) -> None:
    """Build the web client unless it is there for the installed versions."""
    if is_built():
        report("The web client is already built.")
        return
    with _alone(), _workshop() as workshop:
        if is_built():  # somebody else has just built it
            return
        node = find_node()
        report(f"Building the web client with Node.js {node.version} (once, some three minutes).")
        static = build_pages(workshop, node, report, log=client_folder() / "web_client_build.log")
        (static / "built_for.json").write_text(json.dumps(_wanted()), encoding="utf-8")
        _put_in_place(static)
        report("The web client is built.")


def is_built() -> bool:
    """Whether the web client is there, complete, and made for the installed versions."""
    try:
        built_for = json.loads(
            (client_folder() / "static/built_for.json").read_text(encoding="utf-8")
        )
    except (OSError, ValueError):
        return False
    return bool(built_for == _wanted())


def client_folder() -> Path:
    """Return the folder of this environment in which Girder looks for `static`."""
    return Path(sys.prefix, "share", "girder")


def _wanted() -> dict[str, str]:
    """Name the version of everything that goes into the client."""
    packages = {point.dist for point in metadata.entry_points(group="girder.plugin") if point.dist}
    versions = {package.name: package.version for package in packages}
    return {**versions, "girder": metadata.version("girder"), "recipe": str(RECIPE)}


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until nobody else builds in this environment."""
    folder = client_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "web_client_build.lock").open("w")
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written ({error.strerror}); use a virtual environment"
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _workshop() -> Iterator[Path]:
    """Yield an empty folder beside the client, so that what is built can be moved in one step."""
    folder = Path(tempfile.mkdtemp(prefix=".building-", dir=client_folder()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(static: Path) -> None:
    """Move the finished client to where it is served from, in place of an older one."""
    target, old = client_folder() / "static", static.parent / "old"
    if target.exists():
        target.rename(old)
    static.rename(target)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}{os.linesep}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
