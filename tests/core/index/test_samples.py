"""Cells of overlapping regions count once for the slide, and in every region for itself."""

import numpy as np
import pytest
from shapely.geometry import Polygon, box

from patherea_core.errors import AnnotationError, InputError, ShapeError
from patherea_core.index.ki67 import IndexOptions, slide_index
from patherea_core.index.samples import CountingRegion, Sample, samples_of
from patherea_core.seeding import Seed
from tests.core.index.scattered import random_cells

CELLS = random_cells(2000, 0.2, 100.0)
LEFT, RIGHT = (
    CountingRegion("left", box(0, 0, 60, 100)),
    CountingRegion("right", box(40, 0, 100, 100)),
)


@pytest.mark.parametrize("regions", [(LEFT, RIGHT), (RIGHT, LEFT)])
def test_cells_in_two_regions_count_once_for_the_slide(regions: tuple[CountingRegion, ...]) -> None:
    found = slide_index("slide", samples_of(CELLS, regions, "slide"), Seed(0))
    x = CELLS.xy[:, 0]
    assert found.whole.tally == CELLS.tally
    assert found.whole.shared_cells == np.count_nonzero((x >= 40) & (x <= 60))
    by_name = {index.name: index.tally for index in found.regions}
    assert by_name["left"] == CELLS.take(x <= 60).tally
    assert by_name["right"] == CELLS.take(x >= 40).tally


def test_a_region_drawn_twice_changes_nothing_but_what_is_shared() -> None:
    again = CountingRegion("again", LEFT.outline)
    once, twice = (
        slide_index("slide", samples_of(CELLS, regions, "slide"), Seed(0)).whole
        for regions in ([LEFT], [LEFT, again])
    )
    assert (twice.tally, twice.value, twice.interval) == (once.tally, once.value, once.interval)
    assert twice.left_out == ("again",)
    assert twice.shared_cells == once.tally.tumour


def test_cells_in_a_hole_or_outside_count_nowhere() -> None:
    ring = Polygon(box(0, 0, 50, 50).exterior, [box(10, 10, 40, 40).exterior])
    (sample,) = samples_of(CELLS, [CountingRegion("ring", ring)], "slide")
    xy = CELLS.xy
    inner = ((xy > 10) & (xy < 40)).all(axis=1)
    assert len(sample.cells) == np.count_nonzero((xy <= 50).all(axis=1) & ~inner)


def test_two_regions_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="called 'left'"):
        samples_of(CELLS, [LEFT, LEFT], "slide")


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan")])
def test_a_weight_must_be_positive(weight: float) -> None:
    with pytest.raises(InputError, match="weight of region 'x'"):
        CountingRegion("x", box(0, 0, 1, 1), weight)


def test_a_crossed_region_is_refused_by_name() -> None:
    with pytest.raises(AnnotationError, match="region 'bow'"):
        CountingRegion("bow", Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]))


def test_weighting_needs_weights() -> None:
    samples = samples_of(CELLS, [LEFT, RIGHT], "slide")
    with pytest.raises(InputError, match="'left' has no weight"):
        slide_index("slide", samples, Seed(0), IndexOptions(weighting="weighted"))


def test_owned_is_parallel_to_the_cells() -> None:
    with pytest.raises(ShapeError, match="owned"):
        Sample("slide", "r", CELLS, np.ones(3, dtype=np.bool_))
