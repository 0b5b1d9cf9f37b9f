"""Pictures that show what a masked image model sees, what it makes of it, and what was there."""

import torch
from torch import Tensor

from patherea_core.pretraining.masking import enlarged

#: Grey of hidden cells.
_HIDDEN = 128


def reconstruction_picture(
    original: Tensor, filled: Tensor, hidden: Tensor, mean: Tensor, std: Tensor
) -> Tensor:
    """Return (B, 3, H, 3 · W) uint8 RGB on the CPU: tiles with cells hidden, filled in, and as they are.

    Args:
        original: (B, 3, H, W) normalised tiles.
        filled: (B, 3, H, W) the picture of a reconstruction of them.
        hidden: (B, R, C) bool, the cells that were hidden.
        mean: (1, 3, 1, 1) of the colours in [0, 1], by which they are normalised.
        std: (1, 3, 1, 1), the standard deviation.
    """
    truth, made = (_colours(images, mean, std) for images in (original, filled))
    where = enlarged(hidden.cpu(), *original.shape[-2:])[:, None]
    return torch.cat([truth.masked_fill(where, _HIDDEN), made, truth], dim=3)


def _colours(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    colours = images.detach().float() * std + mean
    return (colours * 255).round().clamp(0, 255).byte().cpu()
