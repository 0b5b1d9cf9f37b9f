"""``patherea models export``: through the shell's front door."""

from pathlib import Path

import pytest

from patherea_core.workflow.runtimes.exported import ExportedNetwork
from plugin import logs
from plugin.commands import export_model
from plugin.shell import main
from tests.plugin.bundles import write_model


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(logs, "set_up", lambda: None)
    monkeypatch.setattr("plugin.progress.StopSignal.install", lambda self: self)
    return write_model(tmp_path / "model.safetensors")


def test_what_is_exported_is_written(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}

    def export(_network: object, **settings: object) -> ExportedNetwork:
        asked.update(settings)
        return ExportedNetwork(b"a network", 32, 8, 2, (64, 64))

    monkeypatch.setattr(export_model, "export_onnx", export)
    out = tmp_path / "model.onnx"
    assert main(["models", "export", str(model), "--out", str(out), "--tile-size", "64"]) == 0
    assert out.read_bytes() == b"a network"
    assert asked["size"] == (64, 64)
    metadata = asked["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["classes"] == ["positive", "negative"]


def test_a_tile_off_the_grid_is_refused_and_nothing_is_written(
    model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "model.onnx"
    assert main(["models", "export", str(model), "--out", str(out), "--tile-size", "50"]) != 0
    assert "multiples of" in caplog.text
    assert not out.exists()


@pytest.mark.slow
def test_a_model_that_is_exported_can_be_read_again(model: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.onnx"
    assert main(["models", "export", str(model), "--out", str(out)]) == 0
    assert ExportedNetwork.read(out.read_bytes()).size is None
