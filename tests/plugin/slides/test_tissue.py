"""Tissue: all of it is found, and little else."""

import numpy as np
import pytest
import shapely

from patherea_core.geometry import Pixels
from patherea_core.regions import inside
from patherea_core.slides import ArraySlide
from plugin.slides.tissue import TissueSettings, glass_of, tissue_mask, tissue_outline

#: Colours as seen at 8 µm: eosin, haematoxylin, pale H-DAB, fat between white.
PINK, BLUE, PALE, MEMBRANE = (225, 160, 195), (150, 130, 185), (222, 218, 214), (228, 214, 226)
GREEN_PEN, BLUE_PEN = (20, 120, 60), (30, 60, 170)


def glass(side: int = 200, colour: tuple[int, int, int] = (243, 242, 240)) -> Pixels:
    """Return an empty slide in pixels of 8 µm, lit a little unevenly and with the camera's noise."""
    light = 1 - 0.04 * np.linspace(0, 1, side)[None, :, None]
    noise = np.random.default_rng(0).normal(0, 1.5, (side, side, 3))
    return (np.array(colour) * light + noise).clip(0, 255).astype(np.uint8)


def mask_of(pixels: Pixels) -> np.ndarray:
    return tissue_mask(pixels, 8.0, TissueSettings())


@pytest.mark.parametrize("colour", [(243, 242, 240), (255, 255, 255), (230, 226, 218)])
def test_empty_glass_has_no_tissue(colour: tuple[int, int, int]) -> None:
    assert tissue_outline(ArraySlide("s", 8.0, glass(colour=colour))) is None


@pytest.mark.parametrize("colour", [PINK, BLUE, PALE, MEMBRANE])
def test_tissue_of_every_stain_is_found_with_a_margin(colour: tuple[int, int, int]) -> None:
    pixels = glass()
    pixels[60:100, 80:140] = colour
    outline = tissue_outline(ArraySlide("s", 8.0, pixels))
    assert outline is not None
    assert outline.covers(shapely.box(80, 60, 140, 100).buffer(5))
    assert outline.area < 1.6 * 60 * 40


@pytest.mark.parametrize("colour", [PINK, BLUE])
def test_a_biopsy_of_a_twentieth_of_a_millimetre_is_found(colour: tuple[int, int, int]) -> None:
    pixels = glass()
    pixels[100:106, 100:106] = colour
    assert mask_of(pixels)[100:106, 100:106].all()


def test_loose_cells_count_together_and_a_single_speck_does_not() -> None:
    pixels = glass()
    pixels[100:160:6, 100:160:6] = BLUE
    pixels[30, 30] = BLUE
    mask = mask_of(pixels)
    assert mask[100:155, 100:155].all()
    assert not mask[20:40, 20:40].any()


def test_a_field_of_few_cells_is_tissue_however_small_it_is() -> None:
    pixels = glass(9)
    pixels[2:4, 3:6] = BLUE
    assert mask_of(pixels).all()


@pytest.mark.parametrize("colour", [GREEN_PEN, BLUE_PEN])
def test_ink_is_no_tissue(colour: tuple[int, int, int]) -> None:
    pixels = glass()
    pixels[20:30, 10:190] = colour
    assert not mask_of(pixels).any()


def test_black_borders_and_the_edge_of_a_coverslip_are_no_tissue() -> None:
    pixels = glass()
    pixels[:, :12] = 0
    pixels[40:42] = (170, 170, 168)
    assert not mask_of(pixels).any()


def test_a_field_that_is_full_of_tissue_is_tissue_all_over() -> None:
    random = np.random.default_rng(1)
    pixels = np.where(random.random((60, 60, 1)) < 0.3, BLUE, PINK).astype(np.uint8)
    assert mask_of(pixels).all()
    grey = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    assert mask_of(grey).mean() > 0.9


def test_small_holes_are_filled_and_large_ones_stay() -> None:
    pixels = glass()
    pixels[20:180, 20:180] = PINK
    pixels[60:120, 60:120] = 243
    pixels[150:165, 150:165] = 243
    mask = mask_of(pixels)
    assert not mask[80:100, 80:100].any()
    assert mask[145:170, 145:170].all()


@pytest.mark.parametrize("base_mpp", [0.5, 2.0, 7.0])
def test_the_outline_does_not_depend_on_the_pixel_size(base_mpp: float) -> None:
    pixels = glass(100)
    pixels[30:50, 40:70] = PINK
    times = round(8 / base_mpp)
    large = pixels.repeat(times, axis=0).repeat(times, axis=1)
    outline = tissue_outline(ArraySlide("s", 8 / times, large))
    assert outline is not None
    assert outline.covers(shapely.box(40 * times, 30 * times, 70 * times, 50 * times))
    assert inside(outline, np.array([[10.0 * times, 10.0 * times]])).tolist() == [False]


def test_glass_is_the_brightest_there_is_and_never_dark_or_tinted() -> None:
    assert glass_of(glass()) == pytest.approx([243, 242, 240], abs=6)
    dark = np.full((50, 50, 3), PINK, dtype=np.uint8)
    assert glass_of(dark) == pytest.approx([225, 225, 225])
