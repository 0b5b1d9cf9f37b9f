"""How tissue looks: stains are told apart, and the unusual from the usual."""

import numpy as np
import pytest

from patherea_core.data.looks import (
    TILE_SIDE,
    colour_statistics,
    look,
    stain_of,
    strangeness,
    tile_looks,
)
from patherea_core.data.stain import StainPair, stain_vectors
from patherea_core.geometry import Floats, Pixels


def stained(pair: StainPair, first: float, second: float, seed: int = 0) -> Pixels:
    """Return pixels with about so much of each of two stains, more in some places than in others."""
    amounts = np.random.default_rng(seed).gamma(2.0, 0.5, (64, 64, 2)) * (first, second)
    density = amounts @ stain_vectors(pair)[:2]
    pixels: Pixels = np.clip(256 * np.exp(-density) - 1, 0, 255).round().astype(np.uint8)
    return pixels


def seen(pixels: Pixels) -> Floats:
    found = look(pixels)
    assert found is not None
    return found


def test_nothing_stained_looks_like_nothing() -> None:
    assert look(np.full((20, 20, 3), 245, dtype=np.uint8)) is None


@pytest.mark.parametrize("strength", [0.4, 1.0])
def test_the_two_stains_are_told_apart(strength: float) -> None:
    assert stain_of(seen(stained("H&E", 0.8 * strength, strength))) == "H&E"
    assert stain_of(seen(stained("H-DAB", 0.6 * strength, strength))) == "H-DAB"


def test_more_stain_is_denser_but_of_the_same_colour() -> None:
    pale, strong = (seen(stained("H&E", 0.5 * s, 0.5 * s)) for s in (1, 2))
    assert strong[0] > 1.4 * pale[0]
    assert strong[1:] == pytest.approx(pale[1:], abs=0.03)


def test_glass_around_the_tissue_changes_nothing() -> None:
    tile = stained("H&E", 1.0, 1.0)
    half = np.concatenate([tile, np.full_like(tile, 255)])
    assert seen(half) == pytest.approx(seen(tile))


def test_tiles_like_those_known_are_usual_and_others_strange() -> None:
    known = colour_statistics([seen(stained("H&E", 1 + s / 20, 1, seed=s)) for s in range(12)])
    assert known is not None
    assert known.tiles == 12
    assert strangeness(known, known.mean) == 0
    assert strangeness(known, seen(stained("H&E", 1.2, 1.0, seed=99))) < 3
    assert strangeness(known, seen(stained("H-DAB", 1.2, 1.0, seed=99))) > 3
    assert strangeness(known, seen(stained("H&E", 1.2, 6.0, seed=99))) > 3


def test_an_image_is_looked_at_tile_by_tile_and_without_its_empty_ones() -> None:
    tile = np.tile(stained("H&E", 1, 1), (4, 4, 1))[:TILE_SIDE, :TILE_SIDE]
    empty = np.full_like(tile, 250)
    image = np.block([[[tile], [empty]], [[empty], [tile[::-1]]]])
    assert np.array(list(tile_looks(image))) == pytest.approx(np.array([seen(tile)] * 2))
    assert list(tile_looks(tile[:50, :30])) == [pytest.approx(seen(tile[:50, :30]))]


def test_no_tile_has_no_statistics() -> None:
    assert colour_statistics([]) is None
