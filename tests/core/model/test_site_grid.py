"""Where the sites of one grid lie on another."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.model.site_grid import SiteGrid, as_tokens

CPU = torch.device("cpu")


def test_middles_are_fractions_of_what_the_other_grid_covers() -> None:
    patches = SiteGrid.over(64, 32, 14)
    assert (patches.rows, patches.columns) == (5, 3)
    spatial = SiteGrid.over(64, 32, 8)
    assert torch.allclose(spatial.middles_on(patches, CPU)[1], torch.tensor([12 / 42, 4 / 70]))
    # The last row of patches reaches beyond the image.
    assert torch.allclose(patches.middles_on(spatial, CPU)[-1], torch.tensor([35 / 32, 63 / 64]))


@given(rows=st.integers(1, 4), columns=st.integers(1, 4))
def test_a_map_as_tokens_and_back_is_itself(rows: int, columns: int) -> None:
    feature_map = torch.randn(2, 3, rows, columns)
    grid = SiteGrid(rows, columns, 8)
    assert torch.equal(grid.as_map(as_tokens(feature_map)), feature_map)
    assert as_tokens(feature_map).shape == (2, grid.count, 3)
