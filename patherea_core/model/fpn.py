"""A feature pyramid network that builds only the level that is read (Lin et al. 2017)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class FeaturePyramid(nn.Module):
    """Bring all levels to one width and add the coarse ones, top down, onto the finest."""

    def __init__(self, channels: Sequence[int], width: int, output_width: int) -> None:
        """Take the widths of the levels, that at which they are added, and that of the result."""
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(count, width, kernel_size=1) for count in channels)
        self.smooth = nn.Conv2d(width, output_width, kernel_size=3, padding=1)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return the (B, output width, h, w) map of the finest level; levels go from fine to coarse."""
        lateral = [project(level) for project, level in zip(self.laterals, levels, strict=True)]
        merged = lateral[-1]
        for finer in reversed(lateral[:-1]):
            merged = finer + functional.interpolate(merged, size=finer.shape[-2:], mode="nearest")
        smoothed: Tensor = self.smooth(merged)
        return smoothed


class SingleLevel(nn.Module):
    """Hand on one level as it is, or brought to another width where it has to be."""

    def __init__(self, channels: int, output_width: int) -> None:
        super().__init__()
        self.lateral = (
            nn.Identity()
            if channels == output_width
            else nn.Conv2d(channels, output_width, kernel_size=1)
        )

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return the (B, output width, h, w) map of the only level."""
        (level,) = levels
        brought: Tensor = self.lateral(level)
        return brought
