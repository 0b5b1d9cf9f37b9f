"""Anchor points: the fixed regular grid of positions that the network moves to the cells."""

import torch
from torch import Tensor


def anchor_points(
    rows: int, columns: int, stride: int, per_side: int, device: torch.device | None = None
) -> Tensor:
    """Return the (M, 2) anchor points of a feature map, M = rows · columns · per_side² (paper, section 3.1).

    Each site of the map covers stride × stride input pixels and holds per_side × per_side anchors in
    the middles of equal parts. The order is that of sites by row, then column, then anchors of the
    site by row, then column; the heads' channels follow it.

    Returns:
        float32 tile pixels, x before y.
    """
    step = stride / per_side
    within = (torch.arange(per_side, dtype=torch.float32, device=device) + 0.5) * step
    y = torch.arange(rows, dtype=torch.float32, device=device)[:, None] * stride + within
    x = torch.arange(columns, dtype=torch.float32, device=device)[:, None] * stride + within
    grid_y = y[:, None, :, None].expand(rows, columns, per_side, per_side)
    grid_x = x[None, :, None, :].expand(rows, columns, per_side, per_side)
    return torch.stack([grid_x, grid_y], dim=-1).reshape(-1, 2)
