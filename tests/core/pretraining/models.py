"""Small masked image models and tiles for their tests."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from patherea_core.pretraining.building import build_masked_model
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig

#: Plain transformers: patches of 16 with a class token; of 14 with registers, layer scale and SwiGLU; without
#: either.
TRANSFORMERS = (
    "vit_tiny_patch16_224",
    "vit_giant_patch14_reg4_dinov2",
    "vit_base_patch16_siglip_224",
)

#: A transformer of a few thousand weights.
TINY: dict[str, bool | int | float | str] = {"depth": 2, "embed_dim": 24, "num_heads": 2}


def transformer(backbone: str = TRANSFORMERS[0], **settings: Any) -> PretrainingConfig:  # noqa: ANN401  any setting
    """Return the settings of a tiny masked autoencoder."""
    tiny: dict[str, Any] = {
        "method": "mae",
        "backbone_options": TINY,
        "tile_size": 112,
        "decoder_width": 16,
        "decoder_depth": 1,
        "decoder_heads": 2,
    }
    return PretrainingConfig(backbone=backbone, **(tiny | settings))


def pyramid(backbone: str = "resnet10t", **settings: Any) -> PretrainingConfig:  # noqa: ANN401  any setting
    """Return the settings of a small sparse model."""
    small: dict[str, Any] = {"method": "spark", "tile_size": 64, "decoder_width": 32}
    return PretrainingConfig(backbone=backbone, **(small | settings))


def built(config: PretrainingConfig, seed: int = 0) -> MaskedImageModel:
    """Return the model of these settings with the same random weights each time, none of them zero."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = build_masked_model(config)
        shaken(model)
    return model


def shaken(module: nn.Module) -> None:
    """Move every parameter a little, so that none is zero any more."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn(parameter.shape), alpha=0.05)


def tiles(side: int = 64, count: int = 2, seed: int = 0) -> Tensor:
    """Return (count, 3, side, side) random pixels, as if normalised."""
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def hidden_cells(model: MaskedImageModel, side: int = 64, count: int = 2, seed: int = 0) -> Tensor:
    """Return the cells of such tiles that the model hides."""
    return model.masks(count, side, np.random.default_rng(seed))


def repainted(images: Tensor, hidden: Tensor) -> Tensor:
    """Return the images with other pixels in their hidden cells."""
    cell = images.shape[-1] // hidden.shape[-1]
    where = hidden.repeat_interleave(cell, 1).repeat_interleave(cell, 2)[:, None]
    other = tiles(images.shape[-1], len(images), seed=99) * 5
    return torch.where(where, other, images)
