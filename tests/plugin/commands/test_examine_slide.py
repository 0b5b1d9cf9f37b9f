"""Examining slides: all of them, one report, and a failure only for what must be mended."""

import json
from pathlib import Path

import numpy as np
import pytest

from patherea_core.errors import InputError, PathereaError
from patherea_core.progress import Silent
from plugin import logs
from plugin.commands.examine_slide import ExamineRequest, require_fit, run, table
from plugin.shell import main
from plugin.slides.check import Check, Verdict
from tests.plugin.bundles import write_model
from tests.plugin.slide_files import write_image

CHECKS = tuple(Check(f"c{verdict}", verdict, "seen", "mend") for verdict in Verdict)


@pytest.fixture
def field(tmp_path: Path) -> Path:
    """Return a pink field with blue cells in it."""
    pink = np.full((200, 300, 3), (205, 140, 185), dtype=np.uint8)
    pink[::9, ::7] = (95, 70, 140)
    write_image(tmp_path / "field.png", pink)
    return tmp_path / "field.png"


@pytest.fixture(autouse=True)
def own_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the test's own handlers and signals alone."""
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)


def test_every_slide_of_a_folder_is_in_the_report(field: Path) -> None:
    (field.parent / "broken.svs").write_text("words")
    found = run(ExamineRequest((field.parent,), mpp=0.5), Silent())
    assert [one.slide for one in found] == ["broken.svs", "field.png"]
    text = table(found)
    assert "FAIL  file: 'broken.svs' is no slide" in text
    assert "        -> " in text
    assert text.endswith("1 FAIL\n")


def test_only_a_failed_check_is_a_failure() -> None:
    require_fit(CHECKS[:2], "x")
    with pytest.raises(PathereaError, match="1 check of x failed"):
        require_fit(CHECKS, "x")


def test_a_folder_without_slides_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no slide"):
        run(ExamineRequest((tmp_path,)), Silent())


def test_the_shell_exits_1_with_a_fail_and_0_without(
    field: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = write_model(tmp_path / "m.safetensors", mpp=0.5, stain="H&E")
    words = ["doctor", str(field), "--model", str(model), "--format", "json"]
    assert main([*words, "--mpp", "0.5"]) == 0
    checks = json.loads(capsys.readouterr().out)["slides"][0]["checks"]
    assert {check["name"]: check["verdict"] for check in checks}["stain"] == "PASS"
    assert any("the model was trained on H&E" in check["found"] for check in checks)
    assert main(words) == 1
    assert "FAIL" in capsys.readouterr().out
    assert main(["doctor", str(field), "--model", "none such"]) == 2
