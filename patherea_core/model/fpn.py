"""A feature pyramid network that builds only the level that is read (Lin et al. 2017)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional


class FeaturePyramid(nn.Module):
    """Bring all levels to one width and add the coarse ones, top down, onto the finest."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        self.laterals = nn.ModuleList(nn.Conv2d(count, width, kernel_size=1) for count in channels)
        self.smooth = nn.Conv2d(width, width, kernel_size=3, padding=1)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """Return the (B, width, h, w) map of the finest level; ``levels`` go from fine to coarse."""
        lateral = [project(level) for project, level in zip(self.laterals, levels, strict=True)]
        merged = lateral[-1]
        for finer in reversed(lateral[:-1]):
            merged = finer + functional.interpolate(merged, size=finer.shape[-2:], mode="nearest")
        smoothed: Tensor = self.smooth(merged)
        return smoothed
