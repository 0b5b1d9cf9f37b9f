"""Start the Girder of docker/compose.yaml: complete docker/provision.yaml, then do as its image does.

It runs as root in that image, before the image's own start script becomes the user DSA_USER, and needs
nothing but Python and PyYAML, which are there.
"""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

_START = "/opt/digital_slide_archive/devops/dsa/start_girder.sh"

_PROVISION = Path("/patherea/provision.yaml")

#: Where the completed file goes: inside the container, so that it goes with it.
_COMPLETED = Path("/run/patherea-provision.yaml")

#: Folders of the machine that Docker has made for root where they were missing.
_WRITABLE = (Path("/assetstore"), Path("/logs"), Path("/private"))


class StartError(Exception):
    """Girder cannot be started so; the message says how to mend it."""


def main() -> None:
    """Prepare folders, password and provision file, and become the archive's start script."""
    try:
        owner, group = user_and_group(os.environ)
        for folder in _WRITABLE:
            os.chown(folder, owner, group)
        password = admin_password(os.environ, Path("/private"), owner, group)
        document = completed(_PROVISION.read_text(encoding="utf-8"), os.environ, password)
    except StartError as error:
        sys.exit(f"ERROR {error}")
    write_private(_COMPLETED, yaml.safe_dump(document), owner, group)
    os.environ["DSA_PROVISION_YAML"] = str(_COMPLETED)
    os.environ.pop("DSA_ADMIN_PASSWORD", None)
    os.execv(_START, [_START])  # noqa: S606  the script of the image we are in


def user_and_group(environment: Mapping[str, str]) -> tuple[int, int]:
    """Return the numbers that DSA_USER names.

    Raises:
        StartError: they are none, or root's, as whom neither Girder nor its jobs shall run.
    """
    words = environment.get("DSA_USER", "")
    numbers = words.split(":")
    if len(numbers) != 2 or not all(each.isdecimal() and int(each) for each in numbers):
        raise StartError(
            f"DSA_USER is {words!r}; give numbers of a user and a group that are not root's, as 1000:1000"
        )
    return int(numbers[0]), int(numbers[1])


def admin_password(environment: Mapping[str, str], private: Path, owner: int, group: int) -> str:
    """Return the first administrator's password: the one given, else one drawn at random and kept in a file.

    Args:
        environment: DSA_ADMIN_PASSWORD is the one given; empty means none.
        private: folder of the file.
        owner: number of the user to whom the file belongs.
        group: and of the group.

    Raises:
        StartError: the one given is too short.
    """
    given = environment.get("DSA_ADMIN_PASSWORD", "")
    if given:
        if len(given) < 8:
            raise StartError("DSA_ADMIN_PASSWORD is too short; give 8 characters or more, or none")
        return given
    file = private / "admin-password"
    if not file.exists():
        private.chmod(0o700)
        write_private(file, secrets.token_urlsafe(12) + "\n", owner, group)
    return file.read_text(encoding="utf-8").strip()


def completed(text: str, environment: Mapping[str, str], password: str) -> dict[str, Any]:
    """Return the provision file with what is known only at the start."""
    document: dict[str, Any] = yaml.safe_load(text)
    document["admin"]["password"] = password
    document["slicer-cli-image"] = [image_name(environment)]
    document["settings"]["worker.broker"] = environment["GIRDER_WORKER_BROKER"]
    document["settings"]["worker.backend"] = environment["GIRDER_WORKER_BACKEND"]
    return document


def image_name(environment: Mapping[str, str]) -> str:
    """Return the name of the image to register, with its tag or digest, without which Girder takes none."""
    name = environment.get("PATHEREA_IMAGE", "")
    _, _, last = name.rpartition("/")
    if not name or not (":" in last or "@" in last):
        raise StartError(
            f"PATHEREA_IMAGE is {name!r}; give a name with its tag, as in patherea:latest"
        )
    return name


def write_private(file: Path, text: str, owner: int, group: int) -> None:
    """Write a file that nobody but its owner can read, whole or not at all."""
    partial = file.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.chown(partial, owner, group)
    partial.replace(file)


if __name__ == "__main__":
    main()
