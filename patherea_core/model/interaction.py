"""How a ViT's tokens and the spatial features of its adapter exchange what they know.

The injector carries spatial features into the tokens, the extractor gathers what the tokens have made
of them (Chen et al. 2023, sections 3.3 and 3.4).
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from patherea_core.config import AdapterConfig
from patherea_core.model.deformable_attention import DeformableAttention
from patherea_core.model.site_grid import SiteGrid, as_tokens

#: Width of the extractor's inner layer as a share of the tokens'.
_NARROWING = 4


class Injector(nn.Module):
    """Let tokens query the spatial features of all levels, at first without effect."""

    def __init__(self, width: int, levels: int, config: AdapterConfig) -> None:
        super().__init__()
        self.token_norm = nn.LayerNorm(width, eps=1e-6)
        self.feature_norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = _attention(width, levels, config)
        # Zero, so that training starts from the transformer as it was pretrained.
        self.gamma = nn.Parameter(torch.zeros(width))

    def forward(
        self, tokens: Tensor, middles: Tensor, features: Tensor, grids: Sequence[SiteGrid]
    ) -> Tensor:
        """Return new (B, N, C) tokens; arguments as those of the attention."""
        gathered = self.attention(
            self.token_norm(tokens), middles, self.feature_norm(features), grids
        )
        injected: Tensor = tokens + self.gamma * gathered
        return injected


class Extractor(nn.Module):
    """Let spatial features of all levels query the tokens, and mix them with their neighbours."""

    def __init__(self, width: int, config: AdapterConfig) -> None:
        super().__init__()
        self.feature_norm = nn.LayerNorm(width, eps=1e-6)
        self.token_norm = nn.LayerNorm(width, eps=1e-6)
        self.attention = _attention(width, 1, config)
        self.mixing_norm = nn.LayerNorm(width, eps=1e-6)
        self.mixing = ConvolutionalFeedForward(width)

    def forward(
        self, features: Tensor, grids: Sequence[SiteGrid], tokens: Tensor, token_grid: SiteGrid
    ) -> Tensor:
        """Return new (B, S, C) features of the levels, one after the other.

        Args:
            features: (B, S, C) sites of all levels.
            grids: the grid of each level.
            tokens: (B, N, C) of the transformer.
            token_grid: their grid.
        """
        middles = torch.cat([grid.middles_on(token_grid, features.device) for grid in grids])
        features = features + self.attention(
            self.feature_norm(features), middles, self.token_norm(tokens), [token_grid]
        )
        mixed: Tensor = features + self.mixing(self.mixing_norm(features), grids)
        return mixed


class ConvolutionalFeedForward(nn.Module):
    """Two linear layers, and between them a depthwise convolution on each level."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = max(1, width // _NARROWING)
        self.first = nn.Linear(width, inner)
        self.depthwise = nn.Conv2d(inner, inner, kernel_size=3, padding=1, groups=inner)
        self.second = nn.Linear(inner, width)

    def forward(self, features: Tensor, grids: Sequence[SiteGrid]) -> Tensor:
        """Return (B, S, C) features of the levels, one after the other, from such features."""
        of_levels = self.first(features).split([grid.count for grid in grids], dim=1)
        mixed = [
            as_tokens(self.depthwise(grid.as_map(level)))
            for grid, level in zip(grids, of_levels, strict=True)
        ]
        output: Tensor = self.second(functional.gelu(torch.cat(mixed, dim=1)))
        return output


def _attention(width: int, levels: int, config: AdapterConfig) -> DeformableAttention:
    return DeformableAttention(
        width,
        levels=levels,
        heads=config.attention_heads,
        points=config.sampling_points,
        value_ratio=config.value_ratio,
    )
