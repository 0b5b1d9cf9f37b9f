"""Regular grids of sites over an image, and where the sites of one lie on another."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class SiteGrid:
    """The sites of a feature map, from the image's upper left corner on.

    Attributes:
        rows: sites one below the other (h).
        columns: sites side by side (w).
        stride: input pixels along the side of a site.
    """

    rows: int
    columns: int
    stride: int

    @classmethod
    def over(cls, height: int, width: int, stride: int) -> "SiteGrid":
        """Return the smallest grid that covers an image; it may reach beyond its right and lower edge."""
        return cls(-(-height // stride), -(-width // stride), stride)

    @property
    def count(self) -> int:
        """Number of sites."""
        return self.rows * self.columns

    def middles_on(self, other: "SiteGrid", device: torch.device) -> Tensor:
        """Return the (count, 2) middles of the sites as fractions of what the other grid covers.

        Both begin at the same corner but may cover different lengths, so that a fraction can lie beyond
        1. x before y, float32, sites by row.
        """
        y = (torch.arange(self.rows, device=device) + 0.5) * (
            self.stride / (other.rows * other.stride)
        )
        x = (torch.arange(self.columns, device=device) + 0.5) * (
            self.stride / (other.columns * other.stride)
        )
        grid_y, grid_x = torch.meshgrid(y, x, indexing="ij")
        return torch.stack([grid_x, grid_y], dim=-1).reshape(-1, 2)

    def as_map(self, tokens: Tensor) -> Tensor:
        """Return the (B, C, rows, columns) map of (B, count, C) tokens."""
        return tokens.transpose(1, 2).reshape(tokens.shape[0], -1, self.rows, self.columns)


def as_tokens(feature_map: Tensor) -> Tensor:
    """Return (B, h · w, C) tokens, sites by row, from a (B, C, h, w) map."""
    return feature_map.flatten(2).transpose(1, 2)
