"""Tiles lie evenly over the labelled area, or evenly over the classes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.config import TrainingConfig
from patherea_core.data.augment import View, crop
from patherea_core.data.raster import rasterise
from patherea_core.data.sampling import (
    BalancedCells,
    Cell,
    cell_window,
    labelled_window,
    window_side,
)
from patherea_core.geometry import Box
from patherea_core.points import Points
from tests.builders import noise, points, square


def test_windows_lie_around_labelled_pixels_evenly() -> None:
    labelled = rasterise(square(100, 0, 20), 200, 200) | rasterise(square(150, 150, 20), 200, 200)
    random = np.random.default_rng(0)
    boxes = [labelled_window(labelled, 20, random) for _ in range(600)]
    assert all(labelled[b.top : b.bottom, b.left : b.right].any() for b in boxes)
    assert all(0 <= b.left <= 180 and 0 <= b.top <= 180 for b in boxes)
    assert np.mean([b.top > 100 for b in boxes]) == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_every_labelled_pixel_is_equally_likely_however_few_there_are(share: float) -> None:
    random = np.random.default_rng(1)
    labelled = random.random((30, 40)) < share
    boxes = [labelled_window(labelled, 1, random) for _ in range(4000)]
    assert all(labelled[box.top, box.left] for box in boxes)
    # Row by row, the share of windows is the share of labelled pixels, up to four standard errors.
    expected = labelled.sum(axis=1) / labelled.sum()
    seen = np.bincount([box.top for box in boxes], minlength=30) / 4000
    assert (np.abs(seen - expected) <= 4 * np.sqrt(expected / 4000)).all()


def test_a_small_image_lies_whole_in_the_window() -> None:
    labelled = rasterise(square(3, 3, 30), 60, 40)
    view = View(noise(60, 40), Points.none(), labelled)
    for seed in range(20):
        box = labelled_window(labelled, 64, np.random.default_rng(seed))
        assert box.left <= 0
        assert box.right >= 60
        assert crop(view, box).labelled.sum() == labelled.sum()


def test_an_image_without_any_labelled_pixel_can_be_cropped() -> None:
    nowhere = np.zeros((30, 40), dtype=bool)
    box = labelled_window(nowhere, 16, np.random.default_rng(0))
    assert Box(0, 0, 40, 30).intersection(box) == box


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.integers(0, 59), st.integers(0, 39), st.integers(1, 90))
def test_a_window_around_a_cell_holds_it_and_lies_in_the_image(
    seed: int, x: int, y: int, side: int
) -> None:
    box = cell_window(Cell(0, x, y), (40, 60), side, np.random.default_rng(seed))
    assert (box.width, box.height) == (side, side)
    assert box.contains(np.array([[x + 0.999, y]])).all()
    for start, length in ((box.left, 60), (box.top, 40)):
        least, most = sorted((0, length - side))
        assert least <= start <= most


def test_a_cell_may_lie_anywhere_in_its_window() -> None:
    random = np.random.default_rng(0)
    boxes = [cell_window(Cell(0, 50, 50), (100, 100), 4, random) for _ in range(300)]
    assert {(50 - b.left, 50 - b.top) for b in boxes} == {
        (x, y) for x in range(4) for y in range(4)
    }


def test_every_class_that_occurs_is_drawn_equally_often() -> None:
    common = [(float(x), 1.0, 0) for x in range(95)]
    cells = BalancedCells([points(*common), Points.none(), points((7.9, 3.2, 4), (8, 3, 0))])
    random = np.random.default_rng(0)
    drawn = [cells.draw(random) for _ in range(2000)]
    rare = Cell(2, 7, 3)
    assert np.mean([cell == rare for cell in drawn]) == pytest.approx(0.5, abs=0.04)
    others = {cell for cell in drawn if cell != rare}
    assert others == {Cell(0, x, 1) for x in range(95)} | {Cell(2, 8, 3)}


def test_samples_without_cells_have_none_to_draw() -> None:
    assert len(BalancedCells([Points.none()])) == 0


def test_the_window_of_a_tile_has_its_side_unless_scale_jitters() -> None:
    plain, jittering = TrainingConfig(tile_size=64), TrainingConfig(tile_size=64, scale_jitter=0.25)
    random = np.random.default_rng(0)
    assert {window_side(plain, random) for _ in range(20)} == {64}
    sides = [window_side(jittering, random) for _ in range(2000)]
    assert set(sides) == set(range(48, 81))
    assert np.mean(sides) == pytest.approx(64, abs=1)
