"""A synthetic Ki-67 slide: tissue stained with haematoxylin and DAB, with the position of every nucleus.

Everything follows from a seed. Nuclei come in two classes, positive (brown) and negative (blue), of
varied size, shape and strength of stain; they touch and overlap, and much that is brown or blue is
no nucleus, so that finding dark spots does not find the cells. It is no substitute for real tissue:
it lets anyone try the program, and tests it, without a download.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from patherea_core.geometry import Floats, Pixels
from patherea_core.points import Points
from patherea_core.seeding import Seed
from patherea_core.taxonomy import CellClass, Taxonomy
from plugin.sandbox.synthetic_dirt import paint_dirt
from plugin.sandbox.synthetic_nuclei import Nucleus, paint_nuclei, place_nuclei
from plugin.sandbox.synthetic_texture import smooth_noise
from plugin.sandbox.synthetic_tissue import Stains, lay_ground, stain_ground

#: The two classes, in this order.
TAXONOMY = Taxonomy((CellClass("positive", "#d55e00"), CellClass("negative", "#0072b2")))

#: Micrometres per pixel that the sizes of the nuclei are meant for.
MPP = 0.5

#: Optical density of one unit of haematoxylin, DAB and unstained matter in red, green and blue
#: (the first two after Ruifrok and Johnston).
_DENSITIES = np.array([[0.650, 0.704, 0.286], [0.269, 0.568, 0.778], [0.150, 0.260, 0.330]])


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticTissue:
    """A drawn piece of tissue.

    Attributes:
        pixels: (H, W, 3) RGB.
        points: the middle of every nucleus in pixels, classes as in ``TAXONOMY``.
    """

    pixels: Pixels
    points: Points


def draw_tissue(seed: Seed, width: int, height: int) -> SyntheticTissue:
    """Return a piece of tissue; the same seed and size give the same bytes."""
    ground = lay_ground(seed.stream("ground"), (height, width))
    stains = stain_ground(seed.stream("stain"), ground)
    nuclei = place_nuclei(seed.stream("place"), ground)
    paint_dirt(seed.stream("dirt"), stains, ground)
    paint_nuclei(seed.stream("nuclei"), stains, nuclei)
    light = _light(seed.stream("dyes"), stains)
    return SyntheticTissue(_photograph(seed.stream("camera"), light), _points(nuclei))


def _points(nuclei: list[Nucleus]) -> Points:
    xy = np.array([(nucleus.x, nucleus.y) for nucleus in nuclei]).reshape(-1, 2)
    classes = [0 if nucleus.is_positive else 1 for nucleus in nuclei]
    return Points(xy, np.array(classes, dtype=np.int64))


def _light(random: np.random.Generator, stains: Stains) -> Floats:
    """Return (H, W, 3) the share of light that passes; each slide's dyes differ a little."""
    densities = _DENSITIES * random.normal(1, 0.06, _DENSITIES.shape)
    strength = random.uniform(0.85, 1.15, 3)
    light = np.empty((*stains.shape, 3))
    for channel in range(3):
        density = 0.02 + stains.blue * (densities[0, channel] * strength[0])
        density += stains.brown * (densities[1, channel] * strength[1])
        density += stains.other * (densities[2, channel] * strength[2])
        light[..., channel] = 10.0**-density
    return light


def _photograph(random: np.random.Generator, light: Floats) -> Pixels:
    """Return the picture a scanner takes: focus that wanders, uneven light, noise."""
    focus = np.clip(0.45 + 0.3 * smooth_noise(random, light.shape[:2], 300), 0, 1)[..., None]
    sharp, blurred = (gaussian_filter(light, (sigma, sigma, 0)) for sigma in (0.6, 1.3))
    picture = sharp * (1 - focus) + blurred * focus
    picture *= 1 + 0.012 * smooth_noise(random, light.shape[:2], 500)[..., None]
    picture *= random.uniform(0.97, 1.0, 3)
    picture += random.standard_normal(light.shape) * 0.012 * np.sqrt(picture)
    return np.asarray(np.clip(picture * 250 + 0.5, 0, 255), dtype=np.uint8)
