"""Pixels of the model's size are the same whatever window they are read through."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from patherea_core import slides
from patherea_core.errors import ScaleError, ShapeError
from patherea_core.geometry import Box, Pixels, Scale, as_xy
from patherea_core.slides import ArraySlide, read_working
from tests.builders import dots, noise, noise_slide

SLIDE = noise_slide(200, 150)


@given(st.integers(-50, 250), st.integers(-50, 200), st.integers(1, 80), st.integers(1, 80))
def test_a_box_of_an_image_is_white_beyond_its_edges(
    left: int, top: int, width: int, height: int
) -> None:
    around = np.full((400, 500, 3), 255, dtype=np.uint8)
    around[100:250, 100:300] = SLIDE.pixels
    window = around[top + 100 : top + 100 + height, left + 100 : left + 100 + width]
    assert np.array_equal(SLIDE.read(Box(left, top, width, height)), window)


def test_at_the_slides_own_pixel_size_pixels_are_read_as_they_are() -> None:
    box = Box(10, 20, 30, 40)
    assert np.array_equal(read_working(SLIDE, box, 0.25), SLIDE.pixels[20:60, 10:40])


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([0.1, 0.17, 0.3, 0.5, 0.6, 1.0]),
    st.integers(0, 30),
    st.integers(0, 30),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_a_window_of_a_window_is_that_part_of_it(
    mpp: float, left: int, top: int, width: int, height: int
) -> None:
    large = read_working(SLIDE, Box(-3, -5, 60, 60), mpp).astype(int)
    small = read_working(SLIDE, Box(left - 3, top - 5, width, height), mpp).astype(int)
    part = large[top : top + height, left : left + width]
    assert np.abs(small - part).max() <= 1


@pytest.mark.parametrize("mpp", [0.125, 0.2, 0.5, 0.8])
def test_a_dot_lies_where_the_frames_say(mpp: float) -> None:
    place = as_xy([(100.5, 60.25)])
    slide = ArraySlide("dot", 0.25, dots(place, 200, 150, spread=5))
    light = read_working(slide, Box(8, 8, round(40 / mpp), round(30 / mpp)), mpp)[..., 0].astype(
        float
    )
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]] + 8.5
    seen = np.array([(columns * light).sum(), (rows * light).sum()]) / light.sum()
    assert seen == pytest.approx(Scale(0.25, mpp).to_working(place)[0], abs=0.05)


def test_a_whole_image_is_resampled_as_pillow_does() -> None:
    inner = Box(20, 20, 50, 30)
    whole = Image.fromarray(SLIDE.pixels).resize((100, 75), Image.Resampling.BICUBIC)
    window = np.asarray(whole)[20:50, 20:70].astype(int)
    assert np.abs(read_working(SLIDE, inner, 0.5).astype(int) - window).max() <= 1


@pytest.mark.parametrize("mpp", [0.5, 0.33, 0.17])
def test_it_does_not_matter_how_much_is_read_at_once(
    mpp: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = read_working(SLIDE, Box(-9, -5, 90, 60), mpp)
    monkeypatch.setattr(slides, "_STRIP", 13)
    assert np.array_equal(read_working(SLIDE, Box(-9, -5, 90, 60), mpp), at_once)


def test_an_image_in_memory_knows_its_size() -> None:
    assert (SLIDE.width, SLIDE.height) == (200, 150)


@pytest.mark.parametrize("pixels", [noise(4, 4)[..., 0], noise(4, 4)[..., :2], noise(4, 4) / 255])
def test_what_is_no_rgb_image_is_refused(pixels: Pixels) -> None:
    with pytest.raises(ShapeError, match=r"\(height, width, 3\) uint8"):
        ArraySlide("x", 0.25, pixels)


def test_a_slide_without_scale_cannot_be_read_at_the_models_pixel_size() -> None:
    with pytest.raises(ScaleError):
        read_working(ArraySlide("x", 0, noise(4, 4)), Box(0, 0, 2, 2), 0.5)
