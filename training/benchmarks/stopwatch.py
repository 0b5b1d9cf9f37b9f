"""Seconds between moments, of a device that is waited for."""

import time

import torch


class Stopwatch:
    """Tell the seconds since it was last asked, when all that the device was told is done."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._last = 0.0
        self.lap()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = time.perf_counter()
        passed, self._last = now - self._last, now
        return passed
