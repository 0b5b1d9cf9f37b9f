"""What is on a synthetic slide without being a cell: pigment, haze, smudges, red cells, folds."""

from collections.abc import Callable

import numpy as np

from plugin.sandbox.synthetic_texture import Plane, fractal_noise, ramp, smooth_noise
from plugin.sandbox.synthetic_tissue import Ground, Stains

Place = tuple[float, float]
Painter = Callable[[np.random.Generator, Stains, Place], None]

#: Pieces of each kind on a million pixels.
_PIECES_PER_MEGAPIXEL = {"pigment": 330, "haze": 110, "smudge": 440, "red cells": 16}


def paint_dirt(random: np.random.Generator, stains: Stains, ground: Ground) -> None:
    """Add everything that misleads: none of it is a nucleus, though some has its size and colour."""
    rows, columns = stains.shape
    painters: dict[str, Painter] = {
        "pigment": _pigment,
        "haze": _haze,
        "smudge": _smudge,
        "red cells": _red_cells,
    }
    for name, painter in painters.items():
        count = random.poisson(_PIECES_PER_MEGAPIXEL[name] * rows * columns / 1e6)
        for x, y in random.random((count, 2)) * (columns, rows):
            if ground.tissue[int(y), int(x)] > 0.5:
                painter(random, stains, (float(x), float(y)))
    stains.multiply(ground.tissue)
    _fold(random, stains, ground)


def _pigment(random: np.random.Generator, stains: Stains, place: Place) -> None:
    """A heap of sharp, dark brown granules."""
    spread = random.uniform(1.2, 4.5)
    for _ in range(int(random.integers(3, 22))):
        x, y = place + random.normal(0, spread, 2)
        size, amount = random.uniform(0.6, 1.5), random.uniform(0.7, 1.6)
        _add_spot(stains.brown, (x, y), (size, size * random.uniform(0.5, 1)), amount)
        _add_spot(stains.other, (x, y), (size, size), amount * 0.3)


def _haze(random: np.random.Generator, stains: Stains, place: Place) -> None:
    """A brown cloud, out of focus."""
    size = random.gamma(3.0, 3.5) + 4
    _add_spot(stains.brown, place, (size, size * random.uniform(0.4, 1)), random.uniform(0.1, 0.38))


def _smudge(random: np.random.Generator, stains: Stains, place: Place) -> None:
    """A blue smear without an outline, as crushed or out-of-focus matter leaves it."""
    length = random.gamma(3.0, 2.5) + 3
    width = length * random.uniform(0.2, 0.9)
    _add_spot(
        stains.blue, place, (length, width), random.uniform(0.12, 0.42), random.uniform(0, 3.1)
    )


def _red_cells(random: np.random.Generator, stains: Stains, place: Place) -> None:
    """A few red cells, pale and yellowish, each with a paler middle."""
    for _ in range(int(random.integers(3, 14))):
        x, y = place + random.normal(0, 14, 2)
        size = random.uniform(4.6, 5.6)
        _add_spot(stains.other, (x, y), (size, size * random.uniform(0.8, 1)), 0.32, sharp=True)
        _add_spot(stains.other, (x, y), (size * 0.4, size * 0.4), -0.12)


def _fold(random: np.random.Generator, stains: Stains, ground: Ground) -> None:
    """Darken a wavy band, where the section lies double."""
    field = fractal_noise(random, stains.shape, 420, 3)
    band = (1 - ramp(np.abs(field - 0.6), 0.01, 0.05)) * ground.tissue
    band *= ramp(smooth_noise(random, stains.shape, 260), 0.2, 0.8)
    stains.multiply(1 + 0.55 * band)
    np.add(stains.blue, 0.06 * band, out=stains.blue)


def _add_spot(
    plane: Plane,
    place: Place,
    size: tuple[float, float],
    amount: float,
    angle: float = 0.0,
    *,
    sharp: bool = False,
) -> None:
    """Add a bell, or a disc with a soft edge, of the given half axes to a plane; no amount turns negative."""
    reach = max(size) * (1.3 if sharp else 2.8) + 2
    top, left = max(0, int(place[1] - reach)), max(0, int(place[0] - reach))
    part = plane[top : max(0, int(place[1] + reach) + 1), left : max(0, int(place[0] + reach) + 1)]
    y = np.arange(top, top + part.shape[0], dtype=np.float32)[:, None] + 0.5 - place[1]
    x = np.arange(left, left + part.shape[1], dtype=np.float32)[None, :] + 0.5 - place[0]
    along = (x * np.cos(angle) + y * np.sin(angle)) / size[0]
    across = (y * np.cos(angle) - x * np.sin(angle)) / size[1]
    outwards = along**2 + across**2
    bell = 1 / (1 + np.exp(np.clip((outwards - 1) * 5, -30, 30))) if sharp else np.exp(-outwards)
    part[...] = np.maximum(part + amount * bell, 0)
