"""How stained tissue looks, in a few figures: enough to tell one stain from another, and usual from unusual.

All of it is measured in optical density (natural logarithm) against full light, over the pixels that are
stained at all. So it holds what a network sees: the stains, their strength, and the scanner's white.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from patherea_core.bundle_card import ColourStatistics
from patherea_core.geometry import Floats, Pixels

#: Side in working pixels of a tile that is looked at: some fifty cells.
TILE_SIDE = 224
#: Mean optical density over the channels from which a pixel is stained.
_STAINED = 0.1
#: Share of the pixels of a tile that must be stained for it to look like anything.
_LEAST_SHARE = 0.02
#: Spread between tiles below which nobody can tell two looks apart: density, red share, green share.
_LEAST_SPREAD = (0.05, 0.015, 0.015)
#: Green share less blue share: at most that of brown and blue, at least that of pink and blue. The labelled
#: fields at hand have -.21 to .03 if they are H-DAB, and 95 % of them .06 to .49 if H&E.
_MOST_OF_DAB, _LEAST_OF_EOSIN = 0.03, 0.06

_DENSITY = -np.log((np.arange(256, dtype=np.float32) + 1) / 256)


def look(pixels: Pixels) -> Floats | None:
    """Return the (3,) look of a tile; None if hardly anything in it is stained.

    The look is the mean density of the stained pixels, and which shares of the light that they take are red
    and green; the rest is blue.

    Args:
        pixels: (H, W, 3) RGB, of the model's pixel size.
    """
    density = _DENSITY.take(pixels.reshape(-1, 3))
    total = density.sum(axis=1)
    stained = total > 3 * _STAINED
    if np.count_nonzero(stained) < _LEAST_SHARE * len(stained):
        return None
    red, green, blue = density[stained].sum(axis=0, dtype=np.float64)
    everything = red + green + blue
    mean = everything / (3 * np.count_nonzero(stained))
    return np.array([mean, red / everything, green / everything])


def tile_looks(pixels: Pixels) -> Iterator[Floats]:
    """Yield the looks of an (H, W, 3) image tile by tile, without those in which nothing is stained."""
    height, width = pixels.shape[:2]
    for top in range(0, max(1, height - TILE_SIDE + 1), TILE_SIDE):
        for left in range(0, max(1, width - TILE_SIDE + 1), TILE_SIDE):
            seen = look(pixels[top : top + TILE_SIDE, left : left + TILE_SIDE])
            if seen is not None:
                yield seen


def colour_statistics(looks: Sequence[Floats]) -> ColourStatistics | None:
    """Return what the looks of many tiles have in common; None of no tile."""
    if not looks:
        return None
    table = np.stack(looks)
    return ColourStatistics(
        mean=tuple(table.mean(axis=0).tolist()),
        spread=tuple(table.std(axis=0).tolist()),
        tiles=len(table),
    )


def strangeness(known: ColourStatistics, seen: npt.ArrayLike) -> float:
    """Return by how many spreads a (3,) look is away from what is known, where it is furthest."""
    spread = np.maximum(known.spread, _LEAST_SPREAD)
    return float(np.max(np.abs(np.asarray(seen) - known.mean) / spread))


def stain_of(seen: npt.ArrayLike) -> Literal["H&E", "H-DAB"] | None:
    """Return the stain of a (3,) look; None if it is between the two."""
    _, red, green = np.asarray(seen).tolist()
    greener = green - (1 - red - green)
    if greener >= _LEAST_OF_EOSIN:
        return "H&E"
    return "H-DAB" if greener <= _MOST_OF_DAB else None
