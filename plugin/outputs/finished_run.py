"""The record beside the results of a run: what it rests on, by which the same run is known again."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from patherea_core.errors import OutputError
from patherea_core.files import write_whole
from plugin.outputs.run_manifest import Digest, RunManifest

#: What is added to the name of the first file of results.
RECORD_SUFFIX = ".run.json"


class FinishedRun(BaseModel):
    """One run: its results by name and digest, and what was done on each slide."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    fingerprint: Digest
    """Of slides, model, settings and forms of results; the same one gives the same cells."""
    outputs: dict[str, Digest]
    """Digests of the files, by their names."""
    slides: tuple[RunManifest, ...]
    """What was done, slide by slide."""

    @property
    def complete(self) -> bool:
        """Whether every tile of every slide was looked at."""
        return all(slide.complete for slide in self.slides)


def record_of(out: Path) -> Path:
    """Return where the record of the run lies whose first file of results is ``out``."""
    return out.with_name(out.name + RECORD_SUFFIX)


def finished_run(outputs: Sequence[Path], fingerprint: str) -> FinishedRun | None:
    """Return the record of a run, if it ended well and its results are there as it left them.

    Args:
        outputs: all files of results, the first one first.
        fingerprint: what the run must have rested on.
    """
    try:
        record = FinishedRun.model_validate_json(record_of(outputs[0]).read_bytes())
        there = {path.name: _digest(path) for path in outputs}
    except (OSError, ValidationError):
        return None
    same = record.fingerprint == fingerprint and record.outputs == there
    return record if same and record.complete else None


def write_record(
    outputs: Sequence[Path], fingerprint: str, slides: Sequence[RunManifest]
) -> FinishedRun:
    """Write the record of a run whose results are written, and return it.

    Raises:
        OutputError: it cannot be written, or a file of results is gone.
    """
    try:
        digests = {path.name: _digest(path) for path in outputs}
    except OSError as error:
        raise OutputError(f"results that were just written cannot be read: {error}") from error
    record = FinishedRun(fingerprint=fingerprint, outputs=digests, slides=tuple(slides))
    content = json.dumps(record.model_dump(mode="json"), allow_nan=False, indent=1)
    write_whole(record_of(outputs[0]), f"{content}\n".encode("ascii"))
    return record


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
