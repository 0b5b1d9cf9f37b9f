"""PyTorch as a runtime, as it is or compiled, in 32 bits or with bfloat16 where that is safe."""

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from patherea_core.batch import Sites
from patherea_core.geometry import Floats
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.workflow.runtimes.decoded_network import Decoded, DecodedNetwork
from patherea_core.workflow.runtimes.runtime import Precision, require_on_grid, tile_anchors

log = logging.getLogger(__name__)


class TorchRuntime:
    """A network run by PyTorch; see ``Runtime``.

    The network is moved to the device, and normalises the bytes there. Its convolutions get the order of
    memory in which channels come last, which the backbone gives to its input as well.
    """

    def __init__(
        self,
        network: DetectorNetwork,
        device: torch.device,
        precision: Precision = "32-true",
        *,
        compiled: bool = False,
    ) -> None:
        """Take a network that is ready for inference.

        Args:
            network: moved as it is; it can be used on, on that device.
            device: where it runs.
            precision: "bf16-mixed" computes in bfloat16 where PyTorch holds that to be safe.
            compiled: whether PyTorch's compiler makes a program of it, once for each shape of a batch; it
                takes a minute, and needs a C++ compiler on a CPU. Without one the network runs as it is.
        """
        self.name = "compile" if compiled else "eager"
        self.grid = network.largest_stride
        self.device = device
        self.precision = precision
        self._layout = network.anchor_layout
        placed = network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        plain = DecodedNetwork(placed).eval()
        self._plain: Callable[[Tensor], Decoded] = plain
        self._decoded: Callable[[Tensor], Decoded] = plain
        if compiled:
            self._decoded = torch.compile(plain, dynamic=False)

    def anchors(self, height: int, width: int) -> Floats:
        """Return the (M, 2) anchor points of a tile, in tile pixels; see ``Runtime``."""
        require_on_grid(height, width, self.grid)
        return tile_anchors(height, width, self._layout.stride, self._layout.per_side)

    @torch.inference_mode()
    def run(self, images: Tensor) -> Sites:
        """Return what (B, 3, H, W) uint8 tiles show at their anchor points; see ``Runtime``."""
        require_on_grid(images.shape[-2], images.shape[-1], self.grid)
        moved = images.to(self.device, non_blocking=self.device.type != "cpu")
        halves = self.precision == "bf16-mixed"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halves):
            return Sites(*self._tried(moved))

    def _tried(self, images: Tensor) -> Decoded:
        if self.name == "eager":
            return self._decoded(images)
        from torch._dynamo.exc import TorchDynamoException

        try:
            return self._decoded(images)
        except TorchDynamoException as error:
            said = " ".join(str(error).split("\n")[:2])  # what failed, and why
            log.warning("the network cannot be compiled and runs as it is, slower: %s", said)
            self.name, self._decoded = "eager", self._plain
            return self._decoded(images)
