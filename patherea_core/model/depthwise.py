"""Depthwise convolutions of a training on a processor, in the arithmetic that is fast there."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn


@contextmanager
def depthwise_in_32_bits(network: nn.Module) -> Iterator[None]:
    """Have the depthwise convolutions of a network compute in 32 bits until the block ends.

    That concerns mixed precision on a processor, where PyTorch computes their gradients in bfloat16 by a
    loop: with a stride, or a kernel larger than 3 × 3, in two to thirteen times the time of 32 bits. All
    else of the network stays in bfloat16, and so does what the convolutions hand on. Without mixed
    precision, and on a GPU, nothing changes. Names and tensors stay.
    """
    with ExitStack() as watched:
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels > 1:
                whole = _In32Bits()
                before = layer.register_forward_pre_hook(whole.before)
                watched.callback(before.remove)
                # Called even where the layer fails, so that nothing else computes in 32 bits then.
                after = layer.register_forward_hook(whole.after, always_call=True)
                watched.callback(after.remove)
        yield


class _In32Bits:
    """What happens before and after one layer."""

    def __init__(self) -> None:
        self._mixed = False

    def before(self, _layer: nn.Module, maps: tuple[Any, ...]) -> tuple[Any, ...]:
        """Leave mixed precision, if it is that of a processor, and widen the maps."""
        self._mixed = torch.is_autocast_enabled("cpu") and maps[0].device.type == "cpu"
        if not self._mixed:
            return maps
        torch.set_autocast_enabled("cpu", False)  # noqa: FBT003  torch's signature
        return (maps[0].float(), *maps[1:])

    def after(
        self, _layer: nn.Module, _maps: tuple[Any, ...], convolved: Tensor | None
    ) -> Tensor | None:
        """Enter mixed precision again; None in place of maps says that the layer failed."""
        if not self._mixed:
            return convolved
        self._mixed = False
        torch.set_autocast_enabled("cpu", True)  # noqa: FBT003
        return None if convolved is None else convolved.to(torch.get_autocast_dtype("cpu"))
