"""Where the network runs."""

import logging
from typing import Literal

import torch

from patherea_core.errors import InputError
from patherea_core.workflow.allocator import keep_memory

log = logging.getLogger(__name__)

DeviceName = Literal["auto", "cpu", "cuda"]


def resolve_device(name: str) -> torch.device:
    """Return the device of that name, ready for work; "auto" takes a CUDA device if there is one.

    Raises:
        InputError: the name is unknown, or CUDA is asked for and there is none.
    """
    device = torch.device(_kind(name))
    if device.type == "cpu":
        keep_memory()
    described = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    log.info("the network runs on %s (%s)", device.type, described)
    return device


def require_devices(name: str, wanted: int) -> None:
    """Refuse devices that are not there, before long work that needs none.

    Raises:
        InputError: as ``resolve_device`` and ``device_count``.
    """
    device_count(_kind(name), wanted)


def _kind(name: str) -> str:
    """Return whether the device of that name is cpu or cuda."""
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device {name!r} is unknown; take auto, cpu or cuda")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError(
            "no CUDA device can be used here; give the job a GPU, or take --device cpu or auto"
        )
    return "cuda" if available and name != "cpu" else "cpu"


def device_count(kind: str, wanted: int) -> int:
    """Return how many devices train together; 0 takes all there are.

    Args:
        kind: of the devices: cpu or cuda.
        wanted: how many.

    Raises:
        InputError: there are not as many.
    """
    if wanted < 0:
        raise InputError(f"the number of devices must be 0 or more, not {wanted}; 0 takes all")
    available = torch.cuda.device_count() if kind == "cuda" else 1
    if wanted > available:
        there = f"there are {available}" if kind == "cuda" else "the training runs on the processor"
        raise InputError(
            f"{wanted} GPUs cannot train together, since {there}; give the job more GPUs, or take fewer"
        )
    return wanted or available
