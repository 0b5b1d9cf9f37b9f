"""The DAB at a cell is that of the pixels around it, whatever the light and however the slide is read."""

import importlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.stain import stain_vectors
from patherea_core.errors import ScaleError, ShapeError
from patherea_core.geometry import Floats, Pixels
from patherea_core.index import stain_density
from patherea_core.index.stain_density import StainReading, disc_offsets, mean_density, read_stain
from patherea_core.progress import Silent
from patherea_core.slides import ArraySlide
from tests.fakes import RecordingProgress, WatchedSlide


def stained_pixels(dab: Floats, lamp: tuple[int, int, int], haematoxylin: float = 0.1) -> Pixels:
    """Return pixels of (H, W) decimal densities of DAB under a lamp of so many grey levels."""
    vectors = stain_vectors("H-DAB")
    density = dab[..., np.newaxis] * vectors[1] + haematoxylin * vectors[0]
    light: Floats = (np.array(lamp) + 1) * 10.0**-density - 1
    return np.rint(light).clip(0, 255).astype(np.uint8)


def slide_of(pixels: Pixels, mpp: float = 0.5) -> ArraySlide:
    return ArraySlide("slide", mpp, pixels)


def noise(height: int = 300, width: int = 200) -> Pixels:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("lamp", [(250, 250, 250), (235, 230, 205), (200, 190, 200)])
@pytest.mark.parametrize("dab", [0.0, 0.15, 0.5, 1.0])
def test_the_density_that_was_put_in_is_read_whatever_the_lamp(
    dab: float, lamp: tuple[int, int, int]
) -> None:
    amounts = np.zeros((100, 100))
    amounts[40:60, 40:60] = dab
    pixels = stained_pixels(amounts, lamp)
    pixels[:20] = lamp  # glass
    cells = np.array([[50.0, 50.0], [5.0, 5.0], [95.0, 95.0]])
    reading = read_stain(slide_of(pixels), cells, Silent())
    assert 10.0**-reading.white * 256 - 1 == pytest.approx(lamp)
    assert reading.dab == pytest.approx([dab, 0, 0], abs=0.03)


def test_what_a_scanner_did_not_scan_is_not_white() -> None:
    pixels = np.full((400, 400, 3), 255, dtype=np.uint8)
    pixels[:200] = 220
    reading = read_stain(slide_of(pixels), np.array([[5.0, 5.0], [390.0, 390.0]]), Silent())
    assert 10.0**-reading.white * 256 - 1 == pytest.approx([220] * 3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([17, 64, 1024]))
def test_square_by_square_equals_all_at_once(seed: int, side: int) -> None:
    random = np.random.default_rng(seed)
    pixels = noise()
    xy = random.uniform(0, (200, 300), (25, 2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stain_density, "_TILE", side)
        found = read_stain(slide_of(pixels), xy, Silent()).density
    assert found == pytest.approx(mean_density(pixels, np.floor(xy).astype(int), disc_offsets(4)))


def test_a_disc_is_the_mean_of_its_pixels_one_by_one() -> None:
    pixels = noise()
    row, column, radius = 150, 100, 5.3
    near = [
        -math.log10((int(value) + 1) / 256)
        for y in range(300)
        for x in range(200)
        for value in pixels[y, x, :1]
        if math.hypot(x - column, y - row) <= radius
    ]
    found = mean_density(pixels, np.array([[column, row]]), disc_offsets(radius))
    assert found[0, 0] == pytest.approx(sum(near) / len(near))


@pytest.mark.parametrize("radius", [0.3, 1, 4.2, 10, 33.3, 200])
def test_a_disc_is_round_bounded_and_holds_its_middle(radius: float) -> None:
    offsets = disc_offsets(radius)
    assert 1 <= len(offsets) <= 330
    assert (np.hypot(*offsets.T) <= radius).all()
    assert [0, 0] in offsets.tolist()
    assert {tuple(row) for row in (-offsets).tolist()} == {tuple(row) for row in offsets.tolist()}


def test_only_squares_with_cells_are_read_and_each_once() -> None:
    slide = WatchedSlide(slide_of(np.full((5000, 3000, 3), 200, dtype=np.uint8)))
    progress = RecordingProgress()
    read_stain(slide, np.array([[10.0, 10.0], [2900.0, 4900.0], [40.0, 30.0]]), progress)
    assert len(slide.boxes) == 2
    assert max(box.width for box in slide.boxes) < 60
    assert progress.fractions[-1] == 1
    assert progress.fractions == sorted(progress.fractions)


def test_a_cell_on_the_edge_is_read_there() -> None:
    pixels = np.full((50, 50, 3), 200, dtype=np.uint8)
    found = read_stain(slide_of(pixels), np.array([[0.0, 0.0], [50.0, 50.0]]), Silent()).density
    assert found == pytest.approx(-math.log10(201 / 256))


def test_no_cells_are_no_densities() -> None:
    assert read_stain(slide_of(noise()), np.empty((0, 2)), Silent()).dab.shape == (0,)


@pytest.mark.parametrize("radius", [0.0, -1.0, math.nan, math.inf])
def test_a_disc_needs_a_radius(radius: float) -> None:
    with pytest.raises(ScaleError, match="positive number of micrometres"):
        read_stain(slide_of(noise()), np.zeros((1, 2)), Silent(), radius)


def test_a_reading_refuses_other_shapes() -> None:
    with pytest.raises(ShapeError, match="must be"):
        StainReading(np.zeros((2, 2)), np.zeros(3))


COLOURS = np.random.default_rng(1).integers(5, 250, (200, 3)).astype(np.float64)


def ours(colours: Floats) -> Floats:
    return StainReading(-np.log10(colours / 255), np.zeros(3)).dab


def test_scikit_image_takes_the_same_stain_out() -> None:
    color = pytest.importorskip("skimage.color", reason="pip install scikit-image")
    stains = color.separate_stains(COLOURS / 255, np.linalg.inv(stain_vectors("H-DAB")))
    # It cuts below zero, and measures in logarithms to the base of a millionth.
    assert np.maximum(ours(COLOURS), 0) == pytest.approx(6 * stains[:, 1], abs=1e-9)


def test_histomicstk_takes_the_same_stain_out() -> None:
    try:
        module = importlib.import_module("histomicstk.preprocessing.color_deconvolution")
    except ImportError:
        pytest.skip("needs pip install histomicstk, which no other test does")
    image = COLOURS[:, np.newaxis]
    found = module.color_deconvolution(image, stain_vectors("H-DAB").T, 255).StainsFloat[:, 0, 1]
    assert ours(COLOURS) == pytest.approx(-np.log10(found / 255), abs=1e-9)
