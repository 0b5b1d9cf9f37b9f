"""A halo is as wide as a network sees, and no wider."""

import numpy as np
import pytest
from torch import Tensor
from torch.nn.functional import avg_pool2d

from patherea_core.batch import Sites
from patherea_core.geometry import Pixels
from patherea_core.workflow.detection.halo import HALOS, effective_halo, mosaic
from tests.core.workflow.detection.local_runtime import LocalRuntime


class SeeingRuntime(LocalRuntime):
    """Sees so many pixels to all sides of a site; beyond the image it sees black."""

    def __init__(self, reach: int) -> None:
        super().__init__()
        self._reach = reach

    def run(self, images: Tensor) -> Sites:
        """Return the sites of an image that was smoothed so far."""
        side, reach = 2 * self._reach + 1, self._reach
        across = avg_pool2d(images.float(), (1, side), 1, (0, reach))
        return super().run(avg_pool2d(across, (side, 1), 1, (reach, 0)))


class TellingRuntime(LocalRuntime):
    """Decides otherwise in every image."""

    def run(self, images: Tensor) -> Sites:
        """Return the sites of an image that was moved by a number of its own."""
        return super().run((images.long() + images.long().sum()) % 256)


def noise(height: int, width: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("reach", "halo"), [(0, 0), (20, 32), (40, 64)])
def test_a_halo_is_the_least_that_covers_what_the_network_sees(reach: int, halo: int) -> None:
    image = mosaic([noise(1100, 1100)])
    assert image is not None
    assert effective_halo(SeeingRuntime(reach), 0.5, image) == halo


def test_a_network_that_sees_everything_gets_the_widest() -> None:
    image = mosaic([noise(1100, 1100)])
    assert image is not None
    assert effective_halo(TellingRuntime(), 0.5, image) == HALOS[-1]


def test_a_mosaic_has_no_gap_and_each_image_as_it_is() -> None:
    images = [noise(400 + 30 * number, 350, number) for number in range(12)]
    canvas = mosaic(images)
    assert canvas is not None
    assert canvas.shape == (1024, 1024, 3)
    np.testing.assert_array_equal(canvas[:400, :350], images[0][:400])
    assert (canvas == 255).all(axis=2).mean() < 0.001


@pytest.mark.parametrize("count", [0, 1, 7])
def test_images_that_do_not_suffice_make_no_mosaic(count: int) -> None:
    assert mosaic([noise(300, 300, seed) for seed in range(count)]) is None
