"""From maps of proximity to cells: their local maxima, placed more finely than the maps are drawn.

A site is a summit if none of its eight neighbours is higher; of equally high ones the first counts. That is
decided from the neighbours alone, so that a summit is the same in every tile that sees them. Summits that
are too near to be two cells are told apart where all tiles come together; see ``decoding.one_per_cell``.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from patherea_core.batch import Sites
from patherea_core.proximity import Proximity

#: Score of a site that is no summit: less than any threshold.
NO_CELL = -1.0

#: Least proximity in its own site that a cell is taken to have; less is a site as large as the radius.
_LEAST = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class ProximityMaps:
    """How near each site of a batch of tiles is to a cell of each class; see ``Outputs``.

    Attributes:
        anchors: (M, 2) middles of the sites in tile pixels, by row; M = h · w.
        values: (B, T, h, w) proximities in [0, 1].
        stride: tile pixels along the side of a site.
        proximity: what the values mean.
    """

    anchors: Tensor
    values: Tensor
    stride: int
    proximity: Proximity

    @property
    def class_count(self) -> int:
        """Number of cell classes (T)."""
        return self.values.shape[1]

    def numbers(self) -> list[Tensor]:
        """Return the maps."""
        return [self.values]

    def sites(self) -> Sites:
        """Return a cell for each site that is a summit of the highest map, of the class of that map.

        Its score is the height of the map where the cell lies, rather than in the middle of the site: so it
        does not depend on how the sites happen to lie about the cell.
        """
        height, class_index = self.values.float().max(dim=1)
        offset = offsets(height, self.stride, self.proximity)
        peak = (height / self.proximity.of(offset.norm(dim=-1)).clamp_min(_LEAST)).clamp_max(1)
        score = torch.where(summits(height), peak, NO_CELL)
        xy = self.anchors + offset.flatten(1, 2)
        return Sites(xy, score.flatten(1), class_index.flatten(1))


def summits(height: Tensor) -> Tensor:
    """Return the (B, h, w) mask of the local maxima of (B, h, w) heights.

    Of neighbours that are equally high only the first by row can be one.
    """
    rows, columns = height.shape[-2:]
    padded = functional.pad(height, (1, 1, 1, 1), value=-torch.inf)
    mask = torch.ones_like(height, dtype=torch.bool)
    for number in range(9):
        down, right = divmod(number, 3)
        neighbour = padded[:, down : down + rows, right : right + columns]
        if number < 4:  # the neighbours before the site, by row
            mask = mask & (height > neighbour)
        elif number > 4:
            mask = mask & (height >= neighbour)
    return mask


def offsets(height: Tensor, stride: int, proximity: Proximity) -> Tensor:
    """Return (B, h, w, 2) from the middle of each site to the cell, in tile pixels, x before y.

    The proximities of the sites before and after it say how far the cell is from either, and the
    difference of the squares of these distances is what it is off the middle, times four strides: for a
    perfect map exactly. What a network predicts is not perfect, but a cell lies in the site that is nearest
    to it: so no offset is larger than half a stride.
    """
    squared = proximity.distance(height).square()
    x = _difference(squared, 2, stride)
    y = _difference(squared, 1, stride)
    offset = torch.stack([x, y], dim=-1) / (4 * stride)
    return offset.clamp(-stride / 2, stride / 2)


def _difference(squared: Tensor, axis: int, stride: int) -> Tensor:
    """Return the squared distance before each site less that after it, along an axis.

    Beyond the edge there is no site. The second difference of a squared distance is the same everywhere,
    2 · stride², which tells what would be there.
    """
    length = squared.shape[axis]
    if length == 1:
        return torch.zeros_like(squared)
    curvature = 2 * stride**2
    first, second = squared.narrow(axis, 0, 1), squared.narrow(axis, 1, 1)
    last, last_but_one = (
        squared.narrow(axis, length - 1, 1),
        squared.narrow(axis, length - 2, 1),
    )
    longer = torch.cat(
        [2 * first - second + curvature, squared, 2 * last - last_but_one + curvature], dim=axis
    )
    return longer.narrow(axis, 0, length) - longer.narrow(axis, 2, length)
