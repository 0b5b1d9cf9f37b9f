"""The Ki-67 index all over a slide: of the square around each site of a grid, for heat maps."""

import math
from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError, ScaleError
from patherea_core.geometry import Floats, Ints
from patherea_core.index.kinds import KindedCells
from patherea_core.index.sites import SiteCounts


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """The index of the square around each site of a grid.

    Attributes:
        share: (h, w) index, from the top; NaN where the square has too few tumour cells, and only here is
            what is undefined NaN.
        tumour: (h, w) tumour cells of the square.
        left: of the grid, in base pixels.
        top: of the grid, in base pixels.
        step: side of a site in base pixels.
        window_micrometres: side of the square, whose middle is that of the site.
    """

    share: Floats
    tumour: Ints
    left: float
    top: float
    step: float
    window_micrometres: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceOptions:
    """How fine and how smooth a surface is."""

    site_micrometres: float = 50.0
    """Side of a site."""
    window_micrometres: float = 450.0
    """Side of the square around a site, taken to the next odd number of sites."""
    least_cells: int = 50
    """Tumour cells that a square needs for an index."""

    def __post_init__(self) -> None:
        if not 0 < self.site_micrometres <= self.window_micrometres < math.inf:
            raise InputError(
                f"a site of {self.site_micrometres} µm must be no larger than the window around it, of "
                f"{self.window_micrometres} µm"
            )
        if self.least_cells < 1:
            raise InputError(f"an index needs at least one tumour cell, not {self.least_cells}")

    @property
    def margin(self) -> int:
        """Sites of the square on each side of the middle one."""
        return max(0, round((self.window_micrometres / self.site_micrometres - 1) / 2))


def index_surface(
    cells: KindedCells, mpp: float, options: SurfaceOptions | None = None
) -> Surface | None:
    """Return the index around each site of the grid that covers the tumour cells; None if there are none.

    Args:
        cells: of one slide, in any order.
        mpp: micrometres per base pixel.
        options: how fine.

    Raises:
        ScaleError: the pixel size is no positive number.
        InputError: the grid would be far too large, so that the scale must be wrong.
    """
    options = options or SurfaceOptions()
    if not 0 < mpp < math.inf:
        raise ScaleError(f"the slide's pixel size must be a positive number of µm, not {mpp}")
    if not len(cells.tumour()):
        return None
    margin, step = options.margin, options.site_micrometres / mpp
    counts = SiteCounts.of(cells, step, margin)
    height, width = counts.shape[0] - 2 * margin, counts.shape[1] - 2 * margin
    row, column = np.divmod(np.arange(height * width), width)
    sites = 2 * margin + 1
    positive, tumour = counts.squares(row, column, np.full(len(row), sites))
    share = np.full(len(row), np.nan)
    np.divide(positive, tumour, out=share, where=tumour >= options.least_cells)
    return Surface(
        share.reshape(height, width),
        tumour.reshape(height, width),
        (counts.first_column + margin) * step,
        (counts.first_row + margin) * step,
        step,
        sites * options.site_micrometres,
    )
