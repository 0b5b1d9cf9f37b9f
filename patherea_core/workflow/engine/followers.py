"""The processes that train a detector on the other GPUs, for the one that reports and writes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from patherea_core.data.store import read_manifest
from patherea_core.progress import Progress, Silent
from patherea_core.workflow.engine.attempt import Material, attempt
from patherea_core.workflow.engine.initialisation import beginning_of
from patherea_core.workflow.engine.processes import together
from patherea_core.workflow.engine.ranks import Place
from patherea_core.workflow.request import FitRequest


def company(
    request: FitRequest, kind: str, devices: int, at_once: int, progress: Progress
) -> AbstractContextManager[Place]:
    """Start the processes for all devices but the first, as ``together`` does.

    Args:
        request: what was asked for.
        kind: of the devices: cpu or cuda.
        devices: how many train together.
        at_once: tiles of a forward pass on each.
        progress: asked whether to stop while the others get ready.
    """
    return together(_Following(request, at_once), kind, devices, progress)


@dataclass(frozen=True, slots=True)
class _Following:
    """Another process of a training."""

    request: FitRequest
    at_once: int

    def __call__(self, place: Place, ready: Callable[[], None]) -> None:
        """Read the dataset, and train."""
        manifest = read_manifest(self.request.dataset)
        beginning = beginning_of(self.request, manifest)
        material = Material.read(self.request, manifest, beginning, place.devices, Silent())
        ready()
        attempt(self.request, material, place, self.at_once, [])
