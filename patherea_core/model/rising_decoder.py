"""A decoder that brings the levels of a backbone back to a fine map, step by step (Ronneberger et al. 2015).

Each step doubles the map, puts the backbone's level of that stride beside it where there is one, and mixes
them in two 3×3 convolutions. Beyond the finest level of the backbone the steps go on without.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

#: From this stride on, maps are as wide as was asked for; each finer one has half the channels of the last,
#: so that no step costs much more than another.
_WIDE_STRIDE = 8
#: Fewest channels of a map.
_NARROWEST = 8


class RisingStep(nn.Module):
    """Double a map and mix it with the backbone's level of the same stride."""

    def __init__(self, channels: int, level_channels: int, width: int) -> None:
        """Take the widths of the map, of the level (0 where there is none), and of the result."""
        super().__init__()
        # Statistics of the batch, as in the heads, so that the seams of the tiling do not show.
        self.first = nn.Conv2d(channels + level_channels, width, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(width)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(width)

    def forward(self, features: Tensor, level: Tensor | None) -> Tensor:
        """Return the (B, width, 2h, 2w) map of a (B, C, h, w) one."""
        larger = functional.interpolate(features, scale_factor=2.0, mode="nearest")
        seen = larger if level is None else torch.cat([larger, level], dim=1)
        mixed = functional.relu(self.first_norm(self.first(seen)))
        return functional.relu(self.second_norm(self.second(mixed)))


class RisingDecoder(nn.Module):
    """From the coarsest level of a backbone to a map of a finer stride.

    Attributes:
        width: channels of the map.
    """

    def __init__(
        self, strides: Sequence[int], channels: Sequence[int], *, finest: int, width: int
    ) -> None:
        """Take the backbone's levels.

        Args:
            strides: of the levels, rising; powers of two.
            channels: their widths.
            finest: stride of the result.
            width: channels of the steps at stride 8 and beyond.
        """
        super().__init__()
        known = dict(zip(strides, channels, strict=True))
        self.width = channels[-1]
        self._strides = tuple(strides)
        self._steps: list[int] = []
        self.steps = nn.ModuleList()
        stride = strides[-1] // 2
        while stride >= finest:
            out = max(_NARROWEST, width * min(stride, _WIDE_STRIDE) // _WIDE_STRIDE)
            self.steps.append(RisingStep(self.width, known.get(stride, 0), out))
            self._steps.append(stride)
            self.width, stride = out, stride // 2

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return the (B, width, h, w) map of the finest stride; levels go from fine to coarse."""
        known = dict(zip(self._strides, levels, strict=True))
        features = levels[-1]
        for stride, step in zip(self._steps, self.steps, strict=True):
            features = step(features, known.get(stride))
        return features
