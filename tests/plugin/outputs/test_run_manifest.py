"""The record of a run: what is written is read back, and nothing contradictory is written."""

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from plugin.outputs.run_manifest import (
    Hole,
    ModelRecord,
    RunManifest,
    SlideRecord,
    device_in_words,
    installed_versions,
    processor_name,
)


def manifest(**changes: Any) -> RunManifest:  # noqa: ANN401  any field
    fields: dict[str, Any] = {
        "run": "run",
        "created": "2026-01-02T03:04:05+00:00",
        "program": "patherea 1",
        "model": ModelRecord(name="Modell", weights_sha256="0" * 64, mpp=0.5),
        "slide": SlideRecord(name="Präparat", width=100, height=200, base_mpp=0.25, offset=(1, 2)),
        "parameters": {"threshold": 0.5, "region": None},
        "versions": installed_versions(),
        "device": "cpu",
        "timings": {"reading": 1.5},
        "counts": {"positive": 3, "größer": 0},
        "complete": True,
    }
    return RunManifest(**{**fields, **changes})


HOLE = Hole(tile=7, left=-8, top=0, width=100, height=100, reason="cannot be decoded")


@pytest.mark.parametrize("written", [manifest(), manifest(holes=(HOLE,), complete=False)])
def test_what_is_written_is_read_back(written: RunManifest) -> None:
    text = written.model_dump_json()
    assert RunManifest.model_validate_json(text) == written
    assert list(json.loads(text)["counts"]) == ["positive", "größer"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"holes": (HOLE,)}, "1 holes is not complete"),
        ({"timings": {"reading": -1.0}}, "greater than or equal to 0"),
        ({"counts": {"positive": -1}}, "greater than or equal to 0"),
        ({"speed": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_be_true_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        manifest(**changes)


def test_the_versions_name_this_program() -> None:
    versions = installed_versions()
    assert {"patherea", "torch", "numpy", "shapely", "pyarrow", "tifffile", "pillow"} <= set(
        versions
    )
    assert versions["torch"] == metadata.version("torch")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "processor\t: 0\nmodel name\t: Swift 9 @ 2 GHz\n\nmodel name\t: other\n",
            "Swift 9 @ 2 GHz",
        ),
        ("processor\t: 0\nBogoMIPS\t: 50\n", "arm"),
        (None, "arm"),
    ],
)
def test_a_processor_is_called_as_it_calls_itself_or_by_its_kind(
    text: str | None, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr("plugin.outputs.run_manifest._PROCESSORS", path)
    monkeypatch.setattr("platform.machine", lambda: "arm")
    assert processor_name() == name
    assert device_in_words(torch.device("cpu")) == f"cpu ({name})"
