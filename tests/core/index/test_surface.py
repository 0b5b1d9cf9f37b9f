"""The surface against counting the cells around each site."""

import math

import numpy as np
import pytest

from patherea_core.errors import InputError, ScaleError
from patherea_core.geometry import Bools
from patherea_core.index.kinds import Kind
from patherea_core.index.surface import SurfaceOptions, index_surface
from tests.core.index.scattered import at, random_cells

OPTIONS = SurfaceOptions(site_micrometres=10.0, window_micrometres=50.0, least_cells=4)


@pytest.mark.parametrize("mpp", [1.0, 0.5])
def test_each_site_has_the_index_of_the_square_around_its_middle(mpp: float) -> None:
    cells = random_cells(150, 0.4, 200.0)
    surface = index_surface(cells, mpp, OPTIONS)
    assert surface is not None
    height, width = surface.share.shape
    assert surface.window_micrometres == 50
    for row in range(height):
        for column in range(width):
            middle = [
                surface.left + (column + 0.5) * surface.step,
                surface.top + (row + 0.5) * surface.step,
            ]
            from_corner = cells.xy - middle + 25 / mpp
            inside: Bools = np.all((from_corner >= 0) & (from_corner < 50 / mpp), axis=1)
            tally = cells.take(inside).tally
            assert surface.tumour[row, column] == tally.tumour
            if tally.tumour >= 4:
                assert surface.share[row, column] == tally.share
            else:
                assert math.isnan(surface.share[row, column])


def test_the_grid_covers_the_cells_from_the_corner_of_the_slide() -> None:
    surface = index_surface(at((35, 62, Kind.POSITIVE), (48, 91, Kind.NEGATIVE)), 1.0, OPTIONS)
    assert surface is not None
    assert (surface.left, surface.top, surface.share.shape) == (30, 60, (4, 2))
    assert np.isnan(surface.share).all()


def test_without_tumour_cells_there_is_no_surface() -> None:
    assert index_surface(at((0, 0, Kind.NOT_COUNTED)), 1.0) is None


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match="no larger than the window"):
        SurfaceOptions(site_micrometres=60, window_micrometres=50)
    with pytest.raises(InputError, match="at least one tumour cell"):
        SurfaceOptions(least_cells=0)
    with pytest.raises(ScaleError):
        index_surface(at((0, 0, Kind.POSITIVE)), 0.0)
