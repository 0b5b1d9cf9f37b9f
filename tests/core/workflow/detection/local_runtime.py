"""A runtime that sees no further than a site, so that tiles change nothing; and slides for it."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from patherea_core.batch import Sites
from patherea_core.bundle_card import BundleCard, ClassCard
from patherea_core.config import DecodingConfig, Recipe
from patherea_core.geometry import Floats
from patherea_core.slides import ArraySlide
from patherea_core.workflow.runtimes.runtime import Precision, require_on_grid, tile_anchors

STRIDE = 8
GRID = 32

CARD = BundleCard(
    recipe=Recipe(decoding=DecodingConfig(score_threshold=None, least_distance_um=4.0)),
    classes=(ClassCard(name="a", color="#aa5500"), ClassCard(name="b", color="#0055aa")),
    mpp=0.5,
    score_threshold=0.52,
    halo=40,
    parameters=1,
    seed=0,
    provenance={},
    metrics={},
    weights_sha256="",
)


class LocalRuntime:
    """Makes score, class and offset of each site from the colours of its own pixels; see ``Runtime``."""

    name = "local"
    grid = GRID
    precision: Precision = "32-true"

    def __init__(self, most_images: int = 1000) -> None:
        self._most = most_images

    def anchors(self, height: int, width: int) -> Floats:
        """Return the anchor points, one for each site."""
        require_on_grid(height, width, GRID)
        return tile_anchors(height, width, STRIDE, 1)

    def run(self, images: Tensor) -> Sites:
        """Return the sites; more images than it has memory for are refused as a device does."""
        if len(images) > self._most:
            raise torch.OutOfMemoryError("out of memory")
        means = avg_pool2d(images.double(), STRIDE).flatten(2).transpose(1, 2) / 255
        anchors = torch.from_numpy(self.anchors(*images.shape[-2:]))
        xy = anchors + 12 * (means[..., 1:] - 0.5)
        score = (means[..., 0] * 997) % 1
        return Sites(xy.float(), score.float(), (means[..., 1] > means[..., 2]).long())


def noise_slide(width: int = 500, height: int = 420, mpp: float = 0.5) -> ArraySlide:
    """Return a slide of noise."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return ArraySlide("noise", mpp, pixels)
