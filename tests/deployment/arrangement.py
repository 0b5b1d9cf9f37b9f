"""The services of docker/compose.yaml with every variable at its default, as plain values."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
COMPOSE = DOCKER / "compose.yaml"
GPU = DOCKER / "compose.gpu.yaml"

_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def raw(path: Path) -> str:
    """Return a file without its comments, as variables in comments are only talked about."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in lines)


def defaults(*paths: Path) -> dict[str, set[str]]:
    """Return the defaults of each variable that the files name."""
    found: dict[str, set[str]] = {}
    for path in paths:
        for name, default in _VARIABLE.findall(raw(path)):
            found.setdefault(name, set()).add(default)
    return found


def filled(path: Path) -> dict[str, Any]:
    """Return a compose file's content, with the defaults of its variables."""
    text = _VARIABLE.sub(r"\2", raw(path)).replace("$$", "$")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def services(*, gpu: bool = False) -> dict[str, dict[str, Any]]:
    """Return all services, with what the GPU's file changes in them."""
    found: dict[str, dict[str, Any]] = filled(COMPOSE)["services"]
    if gpu:
        for name, changes in filled(GPU)["services"].items():
            assert changes.keys() == {"environment"}
            found[name]["environment"] |= changes["environment"]
    return found


def binds(service: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what a service mounts: the path inside, to the source and the mode."""
    parts = [one.split(":") for one in service.get("volumes", [])]
    return {path: (source, *mode, "rw")[:2] for source, path, *mode in parts}


@cache
def composers() -> dict[str, tuple[str, ...]]:
    """Return the programs of this machine that can read compose files."""
    found: dict[str, tuple[str, ...]] = {}
    if shutil.which("docker-compose"):
        found["docker-compose"] = ("docker-compose",)
    docker = shutil.which("docker")
    if docker:
        asked = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
        if asked.returncode == 0:
            found["docker compose"] = (docker, "compose")
    return found


def config(composer: tuple[str, ...], paths: tuple[Path, ...], empty: Path) -> dict[str, Any]:
    """Return what a program makes of the files, with all profiles, and no variable but those of a file."""
    files = [word for path in paths for word in ("--file", str(path))]
    told = subprocess.run(
        [*composer, "--env-file", str(empty), *files, "--profile", "second", "config"],
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    document: dict[str, Any] = yaml.safe_load(told.stdout)
    return document
