"""The files the image is made of agree with each other and with the program."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
LOCKS = sorted((DOCKER / "lock").glob("*.txt"))
DOCKERFILE = (DOCKER / "Dockerfile").read_text(encoding="utf-8")


def pinned(path: Path) -> list[Requirement]:
    """Return the requirements of a lock, without the digests."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if line and line[0].isalnum()]


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_requirement_of_a_lock_is_one_version_with_digests(path: Path) -> None:
    paragraphs = re.split(r"\n(?=\w)", path.read_text(encoding="utf-8"))
    for paragraph in paragraphs:
        assert re.match(r"[a-z0-9-]+==\S+ ", paragraph)
        assert "--hash=sha256:" in paragraph


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_the_image_holds_the_versions_that_the_tests_run_with(path: Path) -> None:
    tested = {each.name: set[str]() for each in pinned(DOCKER / "constraints.txt")}
    for each in pinned(DOCKER / "constraints.txt"):
        tested[each.name].add(str(each.specifier))
    for each in pinned(path):
        assert str(each.specifier) in tested.get(each.name, {str(each.specifier)}), each.name


def test_all_that_the_program_requires_is_in_the_image() -> None:
    held = {
        each.name: Version(str(each.specifier).removeprefix("=="))
        for name in ("torch", "libraries", "sources")
        for each in pinned(DOCKER / "lock" / f"{name}.txt")
        if each.marker is None or each.marker.evaluate({"python_full_version": "3.11.2"})
    }
    for text in metadata.requires("patherea") or []:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": "runtimes"}):
            assert held[requirement.name] in requirement.specifier, requirement.name


def test_no_package_is_in_two_layers() -> None:
    layers = [
        {each.name for each in pinned(DOCKER / "lock" / f"{name}.txt")}
        for name in ("torch", "libraries", "sources")
    ]
    assert sum(map(len, layers)) == len(set.union(*layers))


def test_gdal_has_one_version_everywhere() -> None:
    (locked,) = (each for each in pinned(DOCKER / "lock" / "sources.txt") if each.name == "gdal")
    version = str(locked.specifier).removeprefix("==")
    assert f"gdal=={version}\n" in (DOCKER / "requirements.in").read_text(encoding="utf-8")
    assert f'version = "{version}"' in (DOCKER / "uv.toml").read_text(encoding="utf-8")


def test_the_program_is_the_first_process_and_not_root() -> None:
    (entry,) = re.findall(r"^ENTRYPOINT (.*)$", DOCKERFILE, re.MULTILINE)
    program, *_ = json.loads(entry)  # in the form of a list no shell stands between
    assert program.startswith("/")
    *_, user = re.findall(
        r"^USER (.*)$", DOCKERFILE.split("\nFROM patherea AS listing")[0], re.MULTILINE
    )
    assert user not in ("root", "0")


def test_a_worker_is_told_to_give_the_image_a_gpu() -> None:
    assert re.search(
        r"^LABEL com\.nvidia\.volumes\.needed=nvidia_driver\b", DOCKERFILE, re.MULTILINE
    )


def test_every_package_is_sent_to_the_builder() -> None:
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert {f"!{name}" for name in packages} <= set(sent)


def test_every_lock_is_fetched_where_the_build_reaches_no_index() -> None:
    script = (ROOT / ".ci" / "image").read_text(encoding="utf-8")
    (lists,) = re.findall(r"for list in (.*); do", script)
    assert sorted(lists.split()) == [path.stem for path in LOCKS]


def test_the_list_of_contents_has_debians_packages_beside_pythons(tmp_path: Path) -> None:
    source, destination = tmp_path / "python.json", tmp_path / "all.json"
    python = {"type": "library", "name": "numpy", "version": "2"}
    source.write_text(json.dumps({"bomFormat": "CycloneDX", "components": [python]}))
    subprocess.run(
        [sys.executable, DOCKER / "sbom.py", source, destination],
        input="libstdc++6\t12.2.0-14+deb12u1\tamd64\n",
        text=True,
        check=True,
    )
    kept, added = json.loads(destination.read_text())["components"]
    assert kept == python
    assert added["name"] == "libstdc++6"
    assert added["purl"] == "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64"
