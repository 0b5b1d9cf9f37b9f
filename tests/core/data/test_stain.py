"""The fast change of stains agrees with deconvolution done step by step."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.stain import StainPair, restained, stain_jittered, stain_vectors
from patherea_core.geometry import Floats, Pixels
from tests.builders import noise

PAIRS: list[StainPair] = ["H&E", "H-DAB"]


def rendered(amounts: Floats, pair: StainPair) -> Pixels:
    """Return the pixels of (H, W, 3) amounts of two stains and the rest."""
    left = np.exp(-amounts @ stain_vectors(pair))
    pixels: Pixels = np.clip(np.rint(256 * left - 1), 0, 255).astype(np.uint8)
    return pixels


def separated(pixels: Pixels, pair: StainPair) -> Floats:
    """Return the (H, W, 3) amounts that make up (H, W, 3) pixels."""
    density = -np.log((pixels.astype(np.float64) + 1) / 256)
    amounts: Floats = density @ np.linalg.inv(stain_vectors(pair))
    return amounts


def tissue(seed: int = 0) -> Floats:
    """Return amounts as they occur: both stains, and little else."""
    random = np.random.default_rng(seed)
    return random.uniform((0, 0, -0.02), (0.9, 0.9, 0.02), size=(12, 16, 3))


@pytest.mark.parametrize("pair", PAIRS)
def test_stain_vectors_are_of_unit_length_and_the_rest_is_neither(pair: StainPair) -> None:
    vectors = stain_vectors(pair)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(3))
    assert vectors[:2] @ vectors[2] == pytest.approx(np.zeros(2))


def test_haematoxylin_looks_blue_eosin_pink_and_dab_brown() -> None:
    one_stain = np.eye(3)[np.newaxis, :2]
    (blue, pink), (_, brown) = (rendered(one_stain, pair)[0].astype(int) for pair in PAIRS)
    assert blue[2] > max(blue[0], blue[1])
    assert pink[0] > pink[2] > pink[1]
    assert brown[0] > brown[1] > brown[2]


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(PAIRS),
    st.tuples(st.floats(0.5, 1.5), st.floats(0.5, 1.5)),
    st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)),
    st.integers(0, 9),
)
def test_the_amount_of_each_stain_is_multiplied_and_shifted(
    pair: StainPair, factors: tuple[float, float], shifts: tuple[float, float], seed: int
) -> None:
    pixels = rendered(tissue(seed), pair)
    amounts = separated(pixels, pair) * (*factors, 1) + (*shifts, 0)
    expected = rendered(amounts, pair).astype(int)
    assert np.abs(restained(pixels, pair, factors, shifts) - expected).max() <= 1


@pytest.mark.parametrize("pair", PAIRS)
def test_the_same_amounts_give_the_same_pixels(pair: StainPair) -> None:
    every_value = noise(40, 40)
    assert np.array_equal(restained(every_value, pair, (1, 1), (0, 0)), every_value)
    unmoved = stain_jittered(every_value, pair, 0.0, np.random.default_rng(0))
    assert np.array_equal(unmoved, every_value)


def test_without_a_stain_its_colour_is_gone() -> None:
    brown = rendered(np.full((2, 2, 3), (0, 0.8, 0)), "H-DAB")
    assert restained(brown, "H-DAB", (1, 0), (0, 0)).min() >= 253


def test_white_stays_white_when_stains_are_multiplied() -> None:
    white = np.full((4, 4, 3), 255, dtype=np.uint8)
    assert np.array_equal(restained(white, "H&E", (1.5, 0.5), (0, 0)), white)


def test_colours_beyond_the_range_are_cut_off_and_do_not_wrap_around() -> None:
    black, white = (np.full((2, 2, 3), value, dtype=np.uint8) for value in (0, 255))
    assert restained(black, "H&E", (2, 2), (0.1, 0.1)).max() <= 3
    assert restained(white, "H&E", (1, 1), (-0.2, -0.2)).min() == 255


@pytest.mark.parametrize("strength", [0.2, 3.0])
def test_jitter_stays_within_its_strength(strength: float) -> None:
    amounts = np.full((1, 1, 3), (0.3, 0.3, 0))
    pixels = rendered(amounts, "H&E")
    seen = []
    for seed in range(200):
        changed = stain_jittered(pixels, "H&E", strength, np.random.default_rng(seed))
        seen.append(separated(changed, "H&E")[0, 0, :2])
    largest = 0.3 * (1 + strength) + 0.1 * strength
    least = 0.3 * max(0, 1 - strength) - 0.1 * strength
    assert np.max(seen) <= largest + 0.05
    assert np.min(seen) >= least - 0.05
    if strength < 1:
        assert np.ptp(seen, axis=0) == pytest.approx(np.full(2, largest - least), rel=0.25)
    # The two stains change independently of each other.
    first, second = np.transpose(seen - np.mean(seen, axis=0))
    assert abs(first @ second) < 0.3 * np.sqrt((first @ first) * (second @ second))


def test_views_that_are_not_contiguous_are_changed_alike() -> None:
    pixels = noise(20, 30)
    turned = restained(pixels[::-1].transpose(1, 0, 2), "H&E", (1.1, 0.9), (0, 0.01))
    straight = restained(pixels, "H&E", (1.1, 0.9), (0, 0.01))
    assert np.array_equal(turned, straight[::-1].transpose(1, 0, 2))


def test_a_tile_takes_a_few_milliseconds() -> None:
    pixels, random = noise(224, 224), np.random.default_rng(0)
    times = []
    for _ in range(9):
        start = time.perf_counter()
        stain_jittered(pixels, "H&E", 0.2, random)
        times.append(time.perf_counter() - start)
    # It is a third of a millisecond on an idle machine, but machines that test are seldom idle.
    assert min(times) < 0.02
