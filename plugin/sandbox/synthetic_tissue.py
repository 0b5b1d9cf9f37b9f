"""The ground of a synthetic slide: where tissue, tumour nests and gaps lie, and their faint stain.

Stains are kept as amounts per pixel; ``synthetic.py`` turns them into light by Beer and Lambert's law.
"""

from dataclasses import dataclass

import numpy as np

from plugin.sandbox.synthetic_texture import Plane, fibres, fractal_noise, ramp, smooth_noise


@dataclass(frozen=True, slots=True, eq=False)
class Stains:
    """Amounts of dye in each pixel, (H, W) each; painting adds to them in place.

    Attributes:
        blue: haematoxylin, the counterstain of every nucleus.
        brown: DAB, where the antibody bound.
        other: what absorbs without being stained: red cells, collagen, dirt.
    """

    blue: Plane
    brown: Plane
    other: Plane

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.blue.shape[0], self.blue.shape[1]

    def multiply(self, factor: Plane) -> None:
        """Thicken or thin the section: multiply every amount, in place."""
        for plane in (self.blue, self.brown, self.other):
            np.multiply(plane, factor, out=plane)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Where things are: (H, W) shares in [0, 1].

    Attributes:
        tissue: tissue against glass.
        nest: tumour nests against stroma.
        hot: how readily the tumour cells divide there.
    """

    tissue: Plane
    nest: Plane
    hot: Plane


def lay_ground(random: np.random.Generator, shape: tuple[int, int]) -> Ground:
    """Return the architecture of a piece of tissue: nests in stroma, with gaps and an uneven edge."""
    nest = ramp(fractal_noise(random, shape, 150, 4), -0.45, -0.25)
    gaps = ramp(fractal_noise(random, shape, 48, 3), 1.75, 1.9)
    cracks = 1 - ramp(np.abs(fractal_noise(random, shape, 260, 4)), 0.012, 0.03)
    cracks *= ramp(smooth_noise(random, shape, 140), 0.5, 0.9)
    inside = _distance_to_edge(shape) + 14 * fractal_noise(random, shape, 90, 5)
    tissue = ramp(inside, 22, 27) * (1 - gaps) * (1 - cracks)
    hot = ramp(fractal_noise(random, shape, 220, 2), -1.9, 1.2)
    return Ground(np.asarray(tissue, dtype=np.float32), nest, hot)


def stain_ground(random: np.random.Generator, ground: Ground) -> Stains:
    """Return the stain of everything that is no cell and no dirt: cytoplasm, fibres, background."""
    shape = (ground.tissue.shape[0], ground.tissue.shape[1])
    strands = fibres(random, shape, 5.0)
    cloudy = fractal_noise(random, shape, 40, 5)
    fine = fractal_noise(random, shape, 5, 2)
    stroma = 1 - ground.nest
    blue = (
        0.12 + 0.035 * cloudy + 0.03 * fine + ground.nest * 0.06 + stroma * (strands - 0.5) * 0.10
    )
    brown = 0.035 + 0.02 * fractal_noise(random, shape, 70, 4) + 0.012 * fine
    brown += ground.nest * 0.05 * ground.hot
    other = 0.05 + stroma * (0.05 + 0.16 * strands**2) + 0.015 * cloudy
    return Stains(*(_on_tissue(plane, ground.tissue) for plane in (blue, brown, other)))


def _on_tissue(plane: Plane, tissue: Plane) -> Plane:
    return np.asarray(np.maximum(plane, 0) * tissue, dtype=np.float32)


def _distance_to_edge(shape: tuple[int, int]) -> Plane:
    rows, columns = (np.arange(side, dtype=np.float32) for side in shape)
    to_rows = np.minimum(rows, shape[0] - 1 - rows)[:, None]
    to_columns = np.minimum(columns, shape[1] - 1 - columns)[None, :]
    return np.minimum(to_rows, to_columns)
