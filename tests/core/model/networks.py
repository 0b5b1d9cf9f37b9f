"""Small networks and images for the tests of the model."""

from typing import Any

import torch
from torch import Tensor, nn

from patherea_core.config import NetworkConfig

#: A vision transformer of a few thousand weights.
SMALL_TRANSFORMER: dict[str, bool | int | float | str] = {
    "depth": 4,
    "embed_dim": 48,
    "num_heads": 3,
}

#: Patches of 16 with a class token; of 14 with registers, layer scale and SwiGLU, as Hibou; without either.
TRANSFORMERS = (
    "vit_tiny_patch16_224",
    "vit_giant_patch14_reg4_dinov2",
    "vit_base_patch16_siglip_224",
)


def small(backbone: str = "resnet10t", **settings: Any) -> NetworkConfig:  # noqa: ANN401  any setting
    """Return the settings of a small network; a vision transformer is made small as well."""
    options = SMALL_TRANSFORMER if backbone.startswith("vit_") else {}
    return NetworkConfig(
        backbone=backbone,
        **{"backbone_options": options, "fpn_channels": 8, "head_blocks": 1, **settings},
    )


def images(height: int = 64, width: int = 64, count: int = 2) -> Tensor:
    """Return (count, 3, height, width) random bytes."""
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, height, width), dtype=torch.uint8, generator=generator)


def shaken(module: nn.Module) -> None:
    """Move every parameter a little, so that none is zero any more."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)


def without_gradient(module: nn.Module) -> list[str]:
    """Return the names of the parameters that a backward pass left alone."""
    return [
        name
        for name, parameter in module.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]


def parameter_count(module: nn.Module) -> int:
    """Return how many numbers a module learns."""
    return sum(parameter.numel() for parameter in module.parameters())
