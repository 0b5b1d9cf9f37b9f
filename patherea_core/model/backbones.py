"""Backbones by name: from pixels to the levels of a feature pyramid, and what of them is trained."""

import torch
from torch import Tensor, nn

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError, ShapeError
from patherea_core.model.timm_models import input_statistics
from patherea_core.model.timm_pyramid import channels_first, chosen_levels, timm_pyramid
from patherea_core.model.vit_adapter import (
    AdaptedTransformer,
    adapted_transformer,
    is_plain_transformer,
)


class Backbone(nn.Module):
    """The levels of a feature pyramid, and the normalisation of its input.

    Attributes:
        pyramid: a timm pyramid, or a vision transformer in its adapter.
        strides: input pixels a site of each level, rising.
        channels: width of each level.
        largest_stride: sides of images must be multiples of it.
        mean: (1, 3, 1, 1) of the colours in [0, 1] that the pretrained part expects.
        std: (1, 3, 1, 1), their standard deviation.
        frozen: whether the pretrained part is not trained.
        frozen_norm: whether its batch normalisation keeps the statistics it has.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, pyramid: nn.Module, strides: tuple[int, ...], channels: tuple[int, ...]
    ) -> None:
        super().__init__()
        self.pyramid = pyramid
        self.strides = strides
        self.channels = channels
        self.largest_stride: int = strides[-1]
        if isinstance(pyramid, AdaptedTransformer):
            self.largest_stride = pyramid.largest_stride
        self.frozen = False
        self.frozen_norm = False
        self.register_buffer("mean", torch.zeros(1, 3, 1, 1))
        self.register_buffer("std", torch.ones(1, 3, 1, 1))

    @property
    def attends_everywhere(self) -> bool:
        """Whether each site sees the whole image, so that it is at home at one size of image only."""
        return isinstance(self.pyramid, AdaptedTransformer)

    @property
    def pretrained_part(self) -> nn.Module:
        """The part that pretrained weights are for: timm's model, without what an adapter adds."""
        if isinstance(self.pyramid, AdaptedTransformer):
            transformer: nn.Module = self.pyramid.transformer
            return transformer
        return self.pyramid

    @property
    def pretrained_prefix(self) -> str:
        """What the names of its tensors begin with in the state of the backbone."""
        adapted = isinstance(self.pyramid, AdaptedTransformer)
        return "pyramid.transformer." if adapted else "pyramid."

    def freeze(self, *, weights: bool, norm: bool) -> None:
        """Fix the weights of the pretrained part, or the statistics of its batch normalisation alone.

        Fixed weights need no gradient, so that none is computed for a timm pyramid; in a transformer
        gradients pass through to the injectors of the adapter, and stop at the first of them.
        """
        self.frozen, self.frozen_norm = weights, norm
        for parameter in self.pretrained_part.parameters():
            parameter.requires_grad_(not weights)
        self.train(self.training)

    def train(self, mode: bool = True) -> "Backbone":  # noqa: FBT001, FBT002  torch's signature
        """Switch to training or inference, all but what is frozen."""
        super().train(mode)
        if self.frozen:
            self.pretrained_part.eval()
        elif self.frozen_norm:
            for module in self.pretrained_part.modules():
                if isinstance(module, nn.BatchNorm2d | nn.SyncBatchNorm):
                    module.eval()
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return one (B, C, H / stride, W / stride) map a level from (B, 3, H, W) uint8 RGB.

        Raises:
            ShapeError: H or W is not a multiple of the largest stride.
            InputError: the network's levels do not divide its input, as those without padding.
        """
        height, width = images.shape[-2:]
        if height % self.largest_stride or width % self.largest_stride:
            raise ShapeError(
                f"the sides of a tile must be multiples of {self.largest_stride} pixels,"
                f" not {height} × {width}"
            )
        # The order in which convolutions are fastest; while pixels are bytes, it costs least.
        images = images.contiguous(memory_format=torch.channels_last)
        normalised = (images.float() / 255 - self.mean) / self.std
        levels = channels_first(self.pyramid, self.pyramid(normalised))
        for level, stride in zip(levels, self.strides, strict=True):
            if level.shape[-2:] != (height // stride, width // stride):
                raise InputError(
                    f"the backbone's level of stride {stride} has {tuple(level.shape[-2:])} sites for"
                    f" {height} × {width} pixels; take a backbone that pads its input"
                )
        return levels


def build_backbone(config: NetworkConfig) -> Backbone:
    """Return the backbone of a network with random weights.

    Only the levels from ``feature_stride`` to ``coarsest_stride`` are built; without a feature pyramid
    only that of ``feature_stride``. For proximity maps, a finest level that is coarser serves as well.

    Raises:
        InputError: there is no such backbone, or options, strides or adapter do not suit it.
    """
    name, options = config.backbone, config.backbone_options
    finest = config.feature_stride
    coarsest = max(finest, config.coarsest_stride)
    drawn = config.model == "fcrn"
    last = coarsest if config.fpn or drawn else finest
    if is_plain_transformer(name, options):
        given = [stride for stride in (4, 8, 16, 32) if finest <= stride <= coarsest]
        strides = tuple(stride for stride in given if stride <= last)
        adapted = adapted_transformer(
            name, options, config.adapter, strides=strides, coarsest=coarsest
        )
        backbone = Backbone(adapted, strides, (adapted.width,) * len(strides))
    else:
        levels = chosen_levels(name, options, finest, last, exact=not drawn)
        backbone = Backbone(
            timm_pyramid(name, options, levels),
            tuple(level.stride for level in levels),
            tuple(level.channels for level in levels),
        )
    mean, std = input_statistics(name)
    backbone.mean.copy_(torch.tensor(mean).reshape(1, 3, 1, 1))
    backbone.std.copy_(torch.tensor(std).reshape(1, 3, 1, 1))
    backbone.freeze(weights=config.frozen_backbone, norm=config.frozen_norm)
    return backbone
