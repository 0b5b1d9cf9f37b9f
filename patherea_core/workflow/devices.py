"""Where the network runs."""

import logging
from typing import Literal

import torch

from patherea_core.errors import InputError

log = logging.getLogger(__name__)

DeviceName = Literal["auto", "cpu", "cuda"]


def resolve_device(name: str) -> torch.device:
    """Return the device of that name; "auto" takes a CUDA device if there is one.

    Raises:
        InputError: the name is unknown, or CUDA is asked for and there is none.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise InputError(f"device {name!r} is unknown; take auto, cpu or cuda")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise InputError(
            "no CUDA device can be used here; give the job a GPU, or take --device cpu or auto"
        )
    device = torch.device("cuda" if available and name != "cpu" else "cpu")
    described = torch.cuda.get_device_name(device) if device.type == "cuda" else "processor"
    log.info("the network runs on %s (%s)", device.type, described)
    return device
