"""How the device, the host and its threads share the work without waiting for each other."""

import functools
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class Fetched:
    """Tensors of one device that are being copied to the host."""

    def __init__(self, *tensors: Tensor) -> None:
        """Start copying; what the device is told later does not delay it."""
        self._arrived: torch.cuda.Event | None = None
        if tensors[0].device.type != "cuda":
            self._copies = [one.cpu() for one in tensors]
            return
        # Only page-locked memory is copied to while the host goes on; torch keeps it for the next time.
        self._copies = [torch.empty_like(one, device="cpu", pin_memory=True) for one in tensors]
        for copy, one in zip(self._copies, tensors, strict=True):
            copy.copy_(one, non_blocking=True)
        self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
        self._arrived.record(torch.cuda.current_stream(tensors[0].device))

    def wait(self) -> list[npt.NDArray[Any]]:
        """Return the arrays once all have arrived."""
        if self._arrived is not None:
            self._arrived.synchronize()
        return [copy.numpy() for copy in self._copies]


def send(array: npt.NDArray[Any], device: torch.device) -> Tensor:
    """Return an array on a device; the host does not wait for what the device still has to do."""
    tensor = torch.from_numpy(np.ascontiguousarray(array))
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


@functools.cache
def threads() -> ThreadPoolExecutor:
    """Return threads that live on; NumPy's loops and SciPy's solver let others run meanwhile."""
    return ThreadPoolExecutor(min(8, os.cpu_count() or 1), thread_name_prefix="assignment")
