"""Seconds between moments, of a device that is waited for."""

import time
from collections.abc import Callable

import torch

Clock = Callable[[], float]

#: "cpu" counts the time of all cores that work for this process, so that other programs do not matter.
CLOCKS: dict[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}


class Stopwatch:
    """Tell the seconds since it was last asked, when all that the device was told is done."""

    def __init__(self, device: torch.device, clock: Clock = time.perf_counter) -> None:
        self._device = device
        self._clock = clock
        self._last = 0.0
        self.lap()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = self._clock()
        passed, self._last = now - self._last, now
        return passed
