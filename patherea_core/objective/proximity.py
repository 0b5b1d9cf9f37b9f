"""The objective of proximity maps: to be what the labelled cells make of them (Xie et al. 2018).

Most sites lie far from any cell, so an error near a cell weighs more: 1 on the background, rising with the
proximity itself to 1 + ``cell_weight`` at a cell. The weighted squares are summed over the maps of all
classes, and divided by the number of labelled sites.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from patherea_core.batch import Batch
from patherea_core.objective.cells import Cells
from patherea_core.proximity import Proximity
from patherea_core.proximity_maps import ProximityMaps

#: Names of the parts.
PARTS = ("proximity_background", "proximity_cells")


@dataclass(frozen=True, slots=True, eq=False)
class ProximityTerms:
    """The loss of a batch, and the mean squared errors on the background and at cells; scalars."""

    total: Tensor
    background: Tensor
    cells: Tensor

    @property
    def parts(self) -> Mapping[str, Tensor]:
        """The parts by name."""
        return dict(zip(PARTS, (self.background, self.cells), strict=True))


def proximity_loss(maps: ProximityMaps, batch: Batch, cell_weight: float) -> ProximityTerms:
    """Return the loss of predicted maps.

    Sites in the middle of which nobody labelled take no part; nor does a tile without any.

    Args:
        maps: of the B tiles.
        batch: on the same device.
        cell_weight: what an error at a cell weighs more than one on the background.
    """
    shape = maps.values.shape
    wanted = wanted_maps(Cells.of(batch.targets), shape, maps.stride, maps.proximity)
    column, row = maps.anchors.long().unbind(dim=1)
    labelled = batch.labelled[:, row, column].reshape(shape[0], 1, *shape[2:]).float()
    error = (maps.values.float() - wanted).square() * labelled
    sites = labelled.sum().clamp_min(1)
    at_cells = (error * wanted).sum() / sites
    background = (error * (1 - wanted)).sum() / sites
    total = error.sum() / sites + cell_weight * at_cells
    return ProximityTerms(total, background.detach(), at_cells.detach())


def wanted_maps(cells: Cells, shape: torch.Size, stride: int, proximity: Proximity) -> Tensor:
    """Return the (B, T, h, w) maps that the cells make: the proximity to the nearest cell of each class.

    Cells of the tile alone: sites that one beyond its edge is near to have to be unlabelled. Each is drawn
    within its radius only, so that the work does not grow with the tile.

    Args:
        cells: of the B tiles.
        shape: B, T, h and w.
        stride: tile pixels along the side of a site.
        proximity: how it falls with distance.
    """
    tiles, classes, rows, columns = shape
    reach = int(proximity.radius // stride) + 1
    steps = torch.arange(-reach, reach + 1, device=cells.xy.device)
    down, right = (one.flatten() for one in torch.meshgrid(steps, steps, indexing="ij"))
    site = (cells.xy / stride).floor().long()
    column, row = site[:, :1] + right, site[:, 1:] + down
    x, y = ((one + 0.5) * stride for one in (column, row))
    height = proximity.of(torch.hypot(x - cells.xy[:, :1], y - cells.xy[:, 1:]))
    inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
    map_of = (cells.tile * classes + cells.class_index)[:, None]
    place = (map_of * rows + row) * columns + column
    flat = torch.zeros(tiles * classes * rows * columns, device=cells.xy.device)
    return flat.scatter_reduce(0, place[inside], height[inside], "amax").reshape(shape)
