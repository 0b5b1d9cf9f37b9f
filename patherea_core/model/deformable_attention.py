"""Multi-scale deformable attention (Zhu et al. 2021) by ``grid_sample``, without a compiled operation.

Each query looks at a few positions around its own on every level, instead of at all of them; where it
looks, and how much each position counts, are linear in the query.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from patherea_core.errors import InputError
from patherea_core.model.site_grid import SiteGrid


def weighted_samples(values: Sequence[Tensor], positions: Tensor, weights: Tensor) -> Tensor:
    """Return what each query reads: for each head the weighted sum over levels and points.

    Args:
        values: for each level a (B, heads, d, h, w) map, read bilinearly and as zero beyond its edge.
        positions: (B, Q, heads, levels, points, 2) fractions of the maps' sides, x before y, float32.
        weights: (B, Q, heads, levels, points).

    Returns:
        (B, Q, heads · d), the heads one after the other.
    """
    batch, heads, width = values[0].shape[:3]
    looks = (2 * positions - 1).permute(3, 0, 2, 1, 4, 5).flatten(1, 2)
    shares = weights.permute(3, 0, 2, 1, 4).flatten(1, 2)
    read = [
        # Positions need 32 bits: in 16 they would be rounded to whole sites of a large map.
        functional.grid_sample(level.flatten(0, 1).to(look.dtype), look, align_corners=False)
        .mul(share[:, None])
        .sum(dim=-1)
        for level, look, share in zip(values, looks.unbind(), shares.unbind(), strict=True)
    ]
    total = torch.stack(read).sum(dim=0) if len(read) > 1 else read[0]
    return total.reshape(batch, heads * width, -1).transpose(1, 2)


class DeformableAttention(nn.Module):
    """Let queries at given positions gather from the sites around them, on several levels."""

    def __init__(
        self, width: int, *, levels: int, heads: int, points: int, value_ratio: float
    ) -> None:
        """Take the width of queries and values, and how much of it the values are brought down to.

        Raises:
            InputError: the heads do not divide the width of the values.
        """
        super().__init__()
        inner = int(width * value_ratio)
        if inner < heads or inner % heads:
            fitting = max((one for one in range(1, heads) if inner % one == 0), default=1)
            raise InputError(
                f"{heads} heads of the adapter's attention do not divide its values, which are"
                f" {value_ratio} × {width} = {inner} wide; set network.adapter.attention_heads to {fitting}"
            )
        self.shape = (heads, levels, points)
        self.offsets = nn.Linear(width, math.prod(self.shape) * 2)
        self.weights = nn.Linear(width, math.prod(self.shape))
        self.values = nn.Linear(width, inner)
        self.output = nn.Linear(inner, width)
        self._start_as_a_star()

    def _start_as_a_star(self) -> None:
        """Begin with each head looking in a direction of its own, near to far, all counting alike."""
        heads, levels, points = self.shape
        angle = torch.arange(heads) * (2 * math.pi / heads)
        direction = torch.stack([angle.cos(), angle.sin()], dim=-1)
        direction = direction / direction.abs().amax(dim=-1, keepdim=True)
        steps = torch.arange(1, points + 1)
        star = direction[:, None, None] * steps[None, None, :, None]
        with torch.no_grad():
            self.offsets.bias.copy_(star.expand(heads, levels, points, 2).flatten())
        for layer in (self.offsets, self.weights):
            nn.init.zeros_(layer.weight)
        nn.init.zeros_(self.weights.bias)
        for layer in (self.values, self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self, queries: Tensor, middles: Tensor, tokens: Tensor, grids: Sequence[SiteGrid]
    ) -> Tensor:
        """Return what the queries gather, (B, Q, C).

        Args:
            queries: (B, Q, C).
            middles: (Q, 2) positions of the queries as fractions of what the grids cover, x before y.
            tokens: (B, S, C) sites of all levels, one level after the other, by row.
            grids: the grid of each level.
        """
        batch, count = queries.shape[:2]
        heads, levels, points = self.shape
        # Without waiting for the device, which a plain copy of numbers to it would do.
        sides = torch.tensor([[grid.columns, grid.rows] for grid in grids])
        sides = sides.to(middles.device, non_blocking=True)
        offsets = self.offsets(queries).float().reshape(batch, count, heads, levels, points, 2)
        positions = middles[:, None, None, None] + offsets / sides[:, None]
        weights = self.weights(queries).reshape(batch, count, heads, levels * points)
        weights = weights.softmax(dim=-1).reshape(batch, count, heads, levels, points)
        of_levels = self.values(tokens).split([grid.count for grid in grids], dim=1)
        values = [
            grid.as_map(level).reshape(batch, heads, -1, grid.rows, grid.columns)
            for grid, level in zip(grids, of_levels, strict=True)
        ]
        read = weighted_samples(values, positions, weights)
        gathered: Tensor = self.output(read.to(queries.dtype))
        return gathered
