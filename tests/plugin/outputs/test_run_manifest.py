"""The record of a run: what is written is read back, and nothing contradictory is written."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from plugin.outputs.run_manifest import (
    Hole,
    ModelRecord,
    RunManifest,
    SlideRecord,
    installed_versions,
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
    assert {"patherea", "torch", "numpy"} <= set(installed_versions())
