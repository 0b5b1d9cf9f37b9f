"""The decoder of a masked autoencoder: a transformer from visible tokens to the pixels of all cells."""

import torch
from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.pretraining.settings import PretrainingConfig

#: Longest period of the embedding of a place, against that of one patch (Vaswani et al. 2017).
_LONGEST_PERIOD = 10_000


class TokenDecoder(nn.Module):
    """A small transformer that is given a mask token in the place of every hidden cell."""

    def __init__(self, token_width: int, numbers: int, config: PretrainingConfig) -> None:
        """Take the width of the tokens, and the numbers that a cell consists of.

        Raises:
            InputError: the decoder cannot be of that width.
        """
        super().__init__()
        width, heads = config.decoder_width, config.decoder_heads
        if width % heads or width % 4:
            raise InputError(
                f"decoder_width must be a multiple of 4 and of the {heads} decoder_heads, not {width}"
            )
        self.embedding = nn.Linear(token_width, width)
        self.mask_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(config.decoder_depth)
        )
        self.norm = nn.LayerNorm(width)
        self.pixels = nn.Linear(width, numbers)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(
        self, prefix: Tensor, tokens: Tensor, visible: Tensor, grid: tuple[int, int]
    ) -> Tensor:
        """Return the (B, N, numbers) pixels of all N cells.

        Args:
            prefix: (B, P, D) tokens of no place: class token and registers.
            tokens: (B, V, D) of the visible cells.
            visible: (B, V) their numbers.
            grid: rows and columns of the cells.
        """
        rows, columns = grid
        embedded = self.embedding(torch.cat([prefix, tokens], dim=1))
        before = prefix.shape[1]
        batch, _, width = embedded.shape
        places = visible[..., None].expand(-1, -1, width)
        masks = self.mask_token.to(embedded.dtype).expand(batch, rows * columns, width)
        cells = masks.scatter(1, places, embedded[:, before:])
        cells = cells + sine_positions(rows, columns, width).to(cells)
        tokens = torch.cat([embedded[:, :before], cells], dim=1)
        for block in self.blocks:
            tokens = block(tokens)
        pixels: Tensor = self.pixels(self.norm(tokens[:, before:]))
        return pixels


def sine_positions(rows: int, columns: int, width: int) -> Tensor:
    """Return the (rows · columns, width) embeddings of places that are not learnt.

    Half of each is of the column and half of the row: sines of falling frequency, then their cosines.
    """
    quarter = width // 4
    frequencies = float(_LONGEST_PERIOD) ** -(torch.arange(quarter) / quarter)
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    angles = [(of.flatten()[:, None] * frequencies) for of in (column, row)]
    return torch.cat([part for angle in angles for part in (angle.sin(), angle.cos())], dim=1)
