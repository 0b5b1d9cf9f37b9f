"""OpenVINO as a runtime, on a CPU."""

from typing import Any

import torch
from torch import Tensor

from patherea_core.batch import Sites
from patherea_core.errors import InputError
from patherea_core.geometry import Floats
from patherea_core.workflow.runtimes.exported import INPUT, OUTPUTS, ExportedNetwork
from patherea_core.workflow.runtimes.extras import required
from patherea_core.workflow.runtimes.runtime import (
    Precision,
    require_on_grid,
    require_size,
    tile_anchors,
)


class OpenVinoRuntime:
    """An exported network run by OpenVINO on the CPU; see ``Runtime``."""

    def __init__(
        self,
        exported: ExportedNetwork,
        device: torch.device,
        precision: Precision = "32-true",
        threads: int | None = None,
    ) -> None:
        """Take a network and how to run it.

        Args:
            exported: the network.
            device: a CPU.
            precision: "bf16-mixed" computes in bfloat16 if the CPU does so by itself, else in 32 bits.
            threads: None takes as many as PyTorch does.

        Raises:
            InputError: OpenVINO is not installed, or the device is no CPU.
        """
        openvino: Any = required("openvino", "The runtime openvino")
        if device.type != "cpu":
            raise InputError(
                "the runtime openvino runs on a CPU; take --device cpu, or the runtime eager or compile"
            )
        self.name = "openvino"
        self.grid = exported.grid
        self._exported = exported
        core = openvino.Core()
        halves = precision == "bf16-mixed" and "BF16" in core.get_property(
            "CPU", "OPTIMIZATION_CAPABILITIES"
        )
        self.precision: Precision = "bf16-mixed" if halves else "32-true"
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if halves else "f32",
            "INFERENCE_NUM_THREADS": threads or torch.get_num_threads(),
            "PERFORMANCE_HINT": "LATENCY",
        }
        model = core.read_model(exported.content, b"")
        self._compiled = core.compile_model(model, "CPU", settings)

    def anchors(self, height: int, width: int) -> Floats:
        """Return the (M, 2) anchor points of a tile, in tile pixels; see ``Runtime``."""
        require_on_grid(height, width, self.grid)
        return tile_anchors(height, width, self._exported.stride, self._exported.anchors_per_side)

    def run(self, images: Tensor) -> Sites:
        """Return what (B, 3, H, W) uint8 tiles show at their anchor points; see ``Runtime``."""
        require_size(images, self.grid, self._exported.size)
        result = self._compiled({INPUT: images.contiguous().numpy()})
        # OpenVINO writes the next result into the same memory.
        return Sites(*(torch.from_numpy(result[name].copy()) for name in OUTPUTS))
