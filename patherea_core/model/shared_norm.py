"""Batch normalisation over the tiles of all devices that train together."""

from typing import Any

import timm.layers
from torch import nn

#: Where a layer keeps what is called before and after it.
_HOOKS = (
    *("_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called"),
    *("_forward_pre_hooks", "_forward_pre_hooks_with_kwargs"),
)


def share_norm(network: nn.Module) -> None:
    """Have the batch normalisation within a network take the statistics of all devices.

    PyTorch's own conversion would lose the activation that timm has in some of these layers, and whatever
    hooks stand before and after them, as those of a sparse network. Names and tensors stay.
    """
    layers: Any = timm.layers
    for name, layer in network.named_children():
        if not isinstance(layer, nn.modules.batchnorm._BatchNorm):  # noqa: SLF001  it has no other name
            share_norm(layer)
            continue
        shared = layers.convert_sync_batchnorm(layer)
        for hooks in _HOOKS:
            getattr(shared, hooks).update(getattr(layer, hooks))
        setattr(network, name, shared)
