"""The spatial prior of the ViT-Adapter: a few convolutions that see what patches blur."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn


class SpatialPrior(nn.Module):
    """Bring an image to maps of one width at strides 4, 8, 16 … (Chen et al. 2023, section 3.2)."""

    def __init__(self, first: int, width: int, *, finest: int, coarsest: int) -> None:
        """Take the width of the first convolutions, that of the maps, and the strides to give."""
        super().__init__()
        self.stem = nn.Sequential(
            *_convolution(3, first, stride=2),
            *_convolution(first, first),
            *_convolution(first, first),
            nn.MaxPool2d(kernel_size=3, stride=2, padding=1),
        )
        strides = [stride for stride in (4, 8, 16, 32) if stride <= coarsest]
        widths = [min(first * stride // 4, 4 * first) for stride in strides]
        self.descents = nn.ModuleList(
            nn.Sequential(*_convolution(above, below, stride=2))
            for above, below in pairwise(widths)
        )
        self.projections = nn.ModuleList(
            nn.Conv2d(count, width, kernel_size=1) if stride >= finest else nn.Identity()
            for stride, count in zip(strides, widths, strict=True)
        )
        self._left_out = sum(stride < finest for stride in strides)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the (B, width, H / stride, W / stride) maps, fine to coarse, of normalised images."""
        maps = [self.stem(images)]
        for descend in self.descents:
            maps.append(descend(maps[-1]))
        projected = zip(self.projections, maps, strict=True)
        return [project(level) for project, level in projected][self._left_out :]


def _convolution(inputs: int, outputs: int, *, stride: int = 1) -> Sequence[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
