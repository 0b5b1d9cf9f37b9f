"""The record of one run on one slide: what was asked, with what, what came out, and what could not be read.

It is part of what ``FinishedRun`` writes beside the results, and is what makes a number traceable to the
model, the slide and the settings that it came from.
"""

import platform
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator

#: Packages whose versions can change what is found.
PACKAGES = (
    *("patherea", "torch", "timm", "numpy", "scipy", "shapely", "pyarrow"),
    *("large-image", "openslide-bin", "tifffile", "pillow"),
    *("onnxruntime", "onnxruntime-gpu", "openvino"),
)

#: Where Linux says what its processors are.
_PROCESSORS = Path("/proc/cpuinfo")

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Record(BaseModel):
    """Base of the records: a frozen value that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelRecord(_Record):
    """Which model found the cells."""

    name: str
    """What its card calls it."""
    weights_sha256: Digest
    """Digest of its weights."""
    mpp: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Micrometres per working pixel."""


class SlideRecord(_Record):
    """On which slide, in base pixels."""

    name: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    base_mpp: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """Micrometres per base pixel."""
    offset: tuple[float, float] = (0, 0)
    """Corner of the scanned area."""
    sha256: Digest | None = None
    """Digest of its file; None if it was not asked for, for that takes reading all of it."""


class Hole(_Record):
    """A tile that could not be read, so that its cells are missing."""

    tile: Annotated[int, Field(ge=0)]
    """Its number in the plan."""
    left: int
    """In base pixels, as are the others."""
    top: int
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]
    reason: str
    """What the reader said."""


class RunManifest(_Record):
    """What one run did on one slide."""

    schema_version: Literal[1] = 1
    run: str
    """Names the run."""
    created: str
    """When it ended, UTC, in ISO form."""
    program: str
    build: dict[str, str] = {}
    """Image and source revision, where they are known."""
    model: ModelRecord
    slide: SlideRecord
    parameters: dict[str, Any]
    """What was asked for: threshold, region, tile size, colours and so on; and the processor."""
    versions: dict[str, str]
    device: str
    """What the network ran on, the runtime, and the precision of its numbers."""
    timings: dict[str, NotNegative]
    """Seconds by what they were spent on."""
    counts: dict[str, Annotated[int, Field(ge=0)]]
    """Cells of each class, in the order of the taxonomy."""
    holes: tuple[Hole, ...] = ()
    complete: bool
    """Whether every tile of the plan was looked at."""

    @model_validator(mode="after")
    def _whole_or_not(self) -> Self:
        if self.complete and self.holes:
            raise ValueError(f"a run with {len(self.holes)} holes is not complete")
        return self


def installed_versions() -> dict[str, str]:
    """Return the version of each package that can change what is found, where it is installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def device_in_words(device: torch.device) -> str:
    """Return the kind of a device, and what it calls itself."""
    cuda = device.type == "cuda"
    name = torch.cuda.get_device_name(device) if cuda else processor_name()
    return f"{device.type} ({name})"


def processor_name() -> str:
    """Return what the processor calls itself, or of what kind it is where it does not say."""
    try:
        lines = _PROCESSORS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.machine() or "unknown"
