"""Recolouring keeps to its strength, keeps the place of everything, and changes nothing at strength 0."""

import numpy as np
import pytest
from scipy import ndimage

from patherea_core.config import TrainingConfig
from patherea_core.data.recolour import blurred, colour_jittered, recoloured
from patherea_core.data.stain import stain_jittered
from tests.builders import dots, noise


def test_nothing_is_recoloured_unless_the_settings_say_so() -> None:
    pixels = noise(30, 20)
    assert recoloured(pixels, TrainingConfig(), np.random.default_rng(0)) is pixels


def test_looks_change_in_the_order_stain_optics_camera() -> None:
    pixels = noise(30, 20)
    settings = TrainingConfig(stain="H-DAB", stain_jitter=0.2, blur=1.5, colour_jitter=0.1)
    together = recoloured(pixels, settings, np.random.default_rng(4))
    random = np.random.default_rng(4)
    stained = stain_jittered(pixels, "H-DAB", 0.2, random)
    soft = blurred(stained, float(random.uniform(0, 1.5)))
    assert np.array_equal(together, colour_jittered(soft, 0.1, random))


@pytest.mark.parametrize("sigma", [0.8, 1.5, 2.5])
def test_a_blurred_dot_is_a_wider_dot_at_the_same_place(sigma: float) -> None:
    middle, spread = np.array([[20.3, 15.8]]), 2.0
    soft = blurred(dots(middle, 40, 32, spread=spread), sigma).astype(float)
    wider = dots(middle, 40, 32, spread=float(np.hypot(spread, sigma))).astype(float)
    assert soft == pytest.approx(wider * spread**2 / (spread**2 + sigma**2), abs=2.5)


def test_blur_is_a_gaussian_that_keeps_the_mean() -> None:
    pixels = noise(40, 30)
    expected = [ndimage.gaussian_filter(pixels[..., c].astype(float), 1.2) for c in range(3)]
    soft = blurred(pixels, 1.2)
    assert np.abs(soft - np.stack(expected, axis=-1)).max() <= 1.5
    assert soft.mean() == pytest.approx(pixels.mean(), abs=0.6)


def test_a_blur_of_zero_or_almost_zero_changes_nothing() -> None:
    pixels = noise(9, 9)
    assert np.array_equal(blurred(pixels, 0.0), pixels)
    assert np.array_equal(blurred(pixels, 1e-9), pixels)


def test_colours_of_strength_zero_change_nothing() -> None:
    unmoved = colour_jittered(noise(9, 9), 0.0, np.random.default_rng(0))
    assert np.array_equal(unmoved, noise(9, 9))


def test_colours_change_little_when_the_strength_is_small() -> None:
    changed = colour_jittered(noise(30, 20), 0.1, np.random.default_rng(0)).astype(int)
    assert 0 < np.abs(changed - noise(30, 20)).mean() < 30


def test_brightness_saturation_and_contrast_change_one_after_the_other() -> None:
    pixels = noise(20, 30) // 3 + 80
    changed = colour_jittered(pixels, 0.2, np.random.default_rng(2))
    brightness, contrast, saturation = np.random.default_rng(2).uniform(0.8, 1.2, size=3)
    values = pixels * brightness
    grey = (values @ (0.299, 0.587, 0.114))[..., np.newaxis]
    values = grey + (values - grey) * saturation
    values = grey.mean() + (values - grey.mean()) * contrast
    assert np.abs(values - changed).max() <= 0.5001


@pytest.mark.parametrize("grey", [0, 128])
def test_grey_stays_grey(grey: int) -> None:
    flat = np.full((5, 5, 3), grey, dtype=np.uint8)
    changed = colour_jittered(flat, 0.3, np.random.default_rng(1))
    assert len(np.unique(changed)) == 1
    assert abs(int(changed[0, 0, 0]) - grey) <= 0.3 * grey + 1


def test_bright_pixels_do_not_wrap_around() -> None:
    white = np.full((5, 5, 3), 255, dtype=np.uint8)
    lowest = [colour_jittered(white, 0.2, np.random.default_rng(seed)).min() for seed in range(20)]
    assert min(lowest) >= 203
