"""Feature pyramids from timm, by name."""

from dataclasses import dataclass
from typing import Any

import timm
import torch
from timm.data.constants import IMAGENET_DEFAULT_MEAN as IMAGENET_MEAN
from timm.data.constants import IMAGENET_DEFAULT_STD as IMAGENET_STD
from torch import Tensor, nn

from patherea_core.errors import InputError


class Backbone(nn.Module):
    """The levels of a timm feature pyramid from a wanted stride upwards, and the input normalisation.

    Attributes:
        strides: input pixels a site of each level, rising.
        channels: width of each level.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, name: str, finest_stride: int) -> None:
        super().__init__()
        levels, mean, std = _chosen_levels(name, finest_stride)
        self.pyramid = timm.create_model(
            name,
            features_only=True,
            pretrained=False,
            out_indices=[level.index for level in levels],
        )
        self.strides = tuple(level.stride for level in levels)
        self.channels = tuple(level.channels for level in levels)
        self.register_buffer("mean", torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(std).reshape(1, 3, 1, 1))

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return one (B, C, H / stride, W / stride) map a level from (B, 3, H, W) uint8 RGB."""
        normalised = (images.float() / 255 - self.mean) / self.std
        levels: list[Tensor] = self.pyramid(normalised)
        return levels


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a timm pyramid: its index there, and what it looks like."""

    index: int
    stride: int
    channels: int


Colour = tuple[float, float, float]


def _chosen_levels(name: str, finest_stride: int) -> tuple[list[_Level], Colour, Colour]:
    """Return the levels with at least ``finest_stride``, and the mean and deviation of the input."""
    if not timm.is_model(name):
        raise InputError(f"timm knows no model {name!r}; `timm.list_models()` lists them")
    with torch.device("meta"):
        described: Any = timm.create_model(name, features_only=True, pretrained=False)
    features = described.feature_info
    levels = [
        _Level(index, stride, channels)
        for index, (stride, channels) in enumerate(
            zip(features.reduction(), features.channels(), strict=True)
        )
    ]
    if finest_stride not in [level.stride for level in levels]:
        strides = [level.stride for level in levels]
        raise InputError(f"{name!r} has levels at strides {strides}, none at {finest_stride}")
    settings: Any = timm.get_pretrained_cfg(name)
    mean, std = (settings.mean, settings.std) if settings else (IMAGENET_MEAN, IMAGENET_STD)
    return [level for level in levels if level.stride >= finest_stride], mean, std
