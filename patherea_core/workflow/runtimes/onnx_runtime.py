"""ONNX Runtime as a runtime."""

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

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


class OnnxRuntime:
    """An exported network run by ONNX Runtime, in 32 bits; see ``Runtime``."""

    def __init__(
        self, exported: ExportedNetwork, device: torch.device, threads: int | None = None
    ) -> None:
        """Take a network and where it runs.

        Args:
            exported: the network.
            device: where it runs.
            threads: of a CPU; None takes as many as PyTorch does.

        Raises:
            InputError: ONNX Runtime is not installed, or not for CUDA, or cannot run the network.
        """
        onnxruntime: Any = required("onnxruntime", "The runtime onnx")
        self.name = "onnx"
        self.precision: Precision = "32-true"
        self.grid = exported.grid
        self.device = device
        self._exported = exported
        if device.type == "cuda" and _CUDA not in onnxruntime.get_available_providers():
            raise InputError(
                "ONNX Runtime is installed here without CUDA; install the package onnxruntime-gpu in place"
                " of onnxruntime, or take the runtime eager or compile"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or torch.get_num_threads()
        options.log_severity_level = 3  # errors alone
        providers = [_CUDA, _CPU] if device.type == "cuda" else [_CPU]
        self._session = onnxruntime.InferenceSession(exported.content, options, providers=providers)

    def anchors(self, height: int, width: int) -> Floats:
        """Return the (M, 2) anchor points of a tile, in tile pixels; see ``Runtime``."""
        require_on_grid(height, width, self.grid)
        return tile_anchors(height, width, self._exported.stride, self._exported.anchors_per_side)

    def run(self, images: Tensor) -> Sites:
        """Return what (B, 3, H, W) uint8 tiles show at their anchor points; see ``Runtime``."""
        require_size(images, self.grid, self._exported.size)
        outputs = self._session.run(list(OUTPUTS), {INPUT: images.contiguous().numpy()})
        return Sites(*(torch.from_numpy(output).to(self.device) for output in outputs))
