"""Examining the machine: what is there, and what is too little."""

import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from plugin import logs
from plugin.commands import examine_machine
from plugin.models import finding
from plugin.shell import main
from plugin.slides.check import Check, Verdict
from tests.plugin.bundles import write_model


class Usage(NamedTuple):
    """What the system says of a disk."""

    total: int
    used: int
    free: int


def found() -> dict[str, Check]:
    return {check.name: check for check in examine_machine.run()}


def test_this_machine_has_what_the_tests_need() -> None:
    checks = found()
    assert not any(check.verdict is Verdict.FAIL for check in checks.values())
    assert "torch" in checks["packages"].found
    assert "openslide" in checks["slide readers"].found
    assert all(check.fix or check.verdict is Verdict.PASS for check in checks.values())


def test_a_full_disk_and_a_missing_package_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without_timm(name: str) -> str:
        if name == "timm":
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(metadata, "version", without_timm)
    monkeypatch.setattr(metadata, "distributions", list)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9 - 5, 5))
    checks = found()
    assert checks["packages"].verdict is Verdict.FAIL
    assert "timm" in checks["packages"].found
    assert checks["slide readers"].verdict is Verdict.FAIL
    assert checks["temporary files"].verdict is Verdict.WARN


def test_a_graphics_card_is_told_with_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    cards: dict[str, Any] = {
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "mem_get_info": lambda _: (70 * 10**9, 80 * 10**9),
        "get_device_name": lambda _: "A card",
    }
    for name, answer in cards.items():
        monkeypatch.setattr(f"torch.cuda.{name}", answer)
    assert found()["GPU"].found.startswith("A card, 70 of 80 GB free")


def test_a_models_folder_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(finding.FOLDER_VARIABLE, "/none such")
    assert found()["models"].verdict is Verdict.WARN


def test_the_shell_reports_the_machine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    assert main(["doctor"]) == 0
    assert "PASS  program: patherea" in capsys.readouterr().out
    assert main(["doctor", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["machine"][0]["name"] == "program"
    assert main(["doctor", "--model", "none such"]) == 2
    assert main(["doctor", "--mpp", "0.5"]) == 2


def test_a_model_that_is_named_is_verified(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.safetensors")
    found = {check.name: check for check in examine_machine.run(path)}
    assert found["model"].verdict is Verdict.PASS
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    for wrong in (bytes(content), content[:-9], b"words"):
        path.write_bytes(wrong)
        found = {check.name: check for check in examine_machine.run(path)}
        assert found["model"].verdict is Verdict.FAIL
        assert found["model"].fix
