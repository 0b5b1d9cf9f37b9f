"""Where on a slide tiles of tissue are taken."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patherea_core.errors import ShapeError
from patherea_core.geometry import Bools, Pixels
from patherea_core.seeding import Seed
from patherea_core.slides import ArraySlide
from plugin.pretraining.ground import Sites
from plugin.pretraining.tissue_sites import sites_on, tissue_sites
from plugin.slides.overview import Overview
from tests.plugin.pretraining.slides import glass, tissue


def slide(*pieces: tuple[int, int, int]) -> ArraySlide:
    """Return glass with square pieces of tissue: left, top and side."""
    pixels: Pixels = glass(2000, 1500)
    for left, top, side in pieces:
        pixels[top : top + side, left : left + side] = tissue(side, side)
    return ArraySlide("slide", 0.5, pixels)


def test_tiles_lie_on_the_tissue() -> None:
    sites = tissue_sites(slide((400, 300, 600)), 0.5, 64)
    assert sites is not None
    random = Seed(0).stream("places")
    middles = np.array([sites.middle(random) for _ in range(500)])
    assert (middles.min(axis=0) > (400 - 48, 300 - 48)).all()
    assert (middles.max(axis=0) < (1000 + 48, 900 + 48)).all()
    # They reach all of it.
    assert (middles.min(axis=0) < (450, 350)).all()
    assert (middles.max(axis=0) > (950, 850)).all()


def test_places_are_in_working_pixels() -> None:
    base, coarse = (tissue_sites(slide((400, 300, 600)), mpp, 64) for mpp in (0.5, 1.0))
    assert base is not None
    assert coarse is not None
    middles = [
        np.mean([sites.middle(Seed(0).stream("places", row)) for row in range(300)], axis=0)
        for sites in (base, coarse)
    ]
    assert middles[0] == pytest.approx(2 * middles[1], rel=0.08)


def test_glass_alone_has_no_sites() -> None:
    assert tissue_sites(slide(), 0.5, 64) is None


def test_tissue_that_is_smaller_than_half_a_tile_is_taken_all_the_same() -> None:
    sites = tissue_sites(slide((900, 700, 120)), 0.5, 512)
    assert sites is not None
    x, y = sites.middle(Seed(0).stream("places"))
    assert abs(x - 960) < 300
    assert abs(y - 760) < 300


masks = st.builds(
    lambda seed, rows, columns, share: np.random.default_rng(seed).random((rows, columns)) < share,
    st.integers(0, 1000),
    st.integers(1, 40),
    st.integers(1, 40),
    st.floats(0.0, 1.0),
)


@given(masks, st.integers(8, 400))
def test_every_mask_that_is_not_empty_has_sites_inside_its_grid(mask: Bools, side: int) -> None:
    view = Overview(np.zeros((*mask.shape, 3), dtype=np.uint8), 16.0, 16.0, 0.5)
    if not mask.any():
        return
    sites = sites_on(mask, view, 0.5, side)
    assert 0 < sites.count <= sites.rows * sites.columns
    # The grid covers the mask: no tissue lies beyond its last square by more than half of one.
    assert (sites.columns + 0.5) * sites.step >= mask.shape[1] * 16
    assert (sites.rows + 0.5) * sites.step >= mask.shape[0] * 16


@given(masks)
def test_a_random_middle_lies_in_a_square_of_the_mask(mask: Bools) -> None:
    if not mask.any():
        with pytest.raises(ShapeError, match="at least one site"):
            Sites.of(mask, 4.0)
        return
    sites = Sites.of(mask, 4.0)
    random = Seed(0).stream("middles")
    for _ in range(5):
        x, y = sites.middle(random)
        assert mask[int(y // 4), int(x // 4)]
