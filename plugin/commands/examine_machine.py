"""Examine the machine: whether what Patherea needs is there, and how much of it."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from patherea_core.errors import BundleError, InputError
from plugin import provenance
from plugin.models.finding import known_models
from plugin.slides.check import Check, failed, passed, refused, warned

#: Packages whose versions tell most of what a machine computes.
_PACKAGES = ("torch", "torchvision", "timm", "lightning", "numpy", "scipy", "shapely", "pillow")
#: Readers of slides, beside the library above them.
_SOURCES = "large-image-source-"
#: The one without which most slides of scanners cannot be read.
_NEEDED_SOURCE = "openslide"

_GB = 1e9
#: Bytes below which work is likely to stop half way.
_LEAST_DISK, _LEAST_SHARED, _LEAST_MEMORY = 2 * _GB, 1 * _GB, 4 * _GB
_SHARED = Path("/dev/shm")  # noqa: S108  the system's own, and only looked at


def run(model: Path | None = None) -> tuple[Check, ...]:
    """Return what is found of this machine; raises nothing.

    Args:
        model: a bundle to verify here; None looks only which models there are.
    """
    return (
        passed("program", f"{provenance.program()}, Python {sys.version.split()[0]}"),
        _packages(),
        _accelerator(),
        _processor(),
        *_disks(),
        _sources(),
        _models(),
        *(() if model is None else (_model(model),)),
    )


def _packages() -> Check:
    versions, missing = [], []
    for name in _PACKAGES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        return failed("packages", f"missing: {', '.join(missing)}", "install Patherea again")
    return passed("packages", ", ".join(versions))


def _accelerator() -> Check:
    import torch

    if not torch.cuda.is_available():
        built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        return warned(
            "GPU",
            f"none can be used (torch is built {built})",
            "give the container a GPU (docker run --gpus all), if there is one; "
            "the processor gives the same results, slower",
        )
    found = []
    for number in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(number)
        name = torch.cuda.get_device_name(number)
        found.append(f"{name}, {free / _GB:.0f} of {total / _GB:.0f} GB free")
    return passed("GPU", f"{'; '.join(found)}; CUDA {torch.version.cuda}")


def _processor() -> Check:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = f"{len(os.sched_getaffinity(0))} cores, {memory / _GB:.0f} GB of memory"
    if memory < _LEAST_MEMORY:
        return warned("processor", found, "give the machine 4 GB of memory or more")
    return passed("processor", found)


def _disks() -> Iterator[Check]:
    places = {"temporary files": Path(tempfile.gettempdir()), "this folder": Path.cwd()}
    for name, path in places.items():
        yield _space(name, path, _LEAST_DISK, "free some space, or set TMPDIR to a larger disk")
    if _SHARED.is_dir():
        yield _space("shared memory", _SHARED, _LEAST_SHARED, "docker run --shm-size 8g")


def _space(name: str, path: Path, least: float, fix: str) -> Check:
    free = shutil.disk_usage(path).free
    found = f"{free / _GB:.1f} GB free in {path}"
    return warned(name, found, fix) if free < least else passed(name, found)


def _sources() -> Check:
    names = (one.metadata["Name"] or "" for one in metadata.distributions())
    found = sorted(
        {name.removeprefix(_SOURCES) for name in names if name.lower().startswith(_SOURCES)}
    )
    words = ", ".join(found) or "none"
    if _NEEDED_SOURCE not in found:
        return failed("slide readers", words, f"pip install {_SOURCES}{_NEEDED_SOURCE}")
    return passed("slide readers", f"large_image with {words}")


def _models() -> Check:
    try:
        names = [model.name for model in known_models()]
    except InputError as error:
        return warned("models", str(error), "see patherea models list")
    if not names:
        return warned(
            "models", "none comes with this version", "train one, and name it by its path"
        )
    return passed("models", ", ".join(names))


def _model(path: Path) -> Check:
    """Return whether a model can be used here, by its weights, its card and what its network answers."""
    from patherea_core.workflow.verify import verify_bundle

    try:
        checks = verify_bundle(path)
    except BundleError as error:
        return refused("model", error)
    for check in checks:
        if check.failed:
            return refused("model", InputError(f"{path.name}: {check.problem}"))
    unsaid = [check.problem for check in checks if check.problem]
    found = f"{path.name}: its weights are those of its card, and its network answers"
    return passed("model", "; ".join([found, *unsaid]))
