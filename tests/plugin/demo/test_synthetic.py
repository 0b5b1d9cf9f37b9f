"""Synthetic tissue is reproducible, correctly labelled, and hard enough."""

import hashlib

import numpy as np
import pytest
from scipy.spatial import cKDTree
from skimage.color import rgb2hed

from patherea_core.seeding import Seed
from plugin.sandbox.synthetic import TAXONOMY, SyntheticTissue, draw_tissue
from plugin.sandbox.synthetic_nuclei import NEGATIVE_BELOW, POSITIVE_ABOVE, place_nuclei
from plugin.sandbox.synthetic_texture import fibres, fractal_noise, smooth_noise
from plugin.sandbox.synthetic_tissue import lay_ground
from tests.plugin.demo.blobs import best_mean_f1, f1

WIDTH, HEIGHT, RADIUS = 700, 600, 6.0


@pytest.fixture(scope="module")
def tissue() -> SyntheticTissue:
    return draw_tissue(Seed(7), WIDTH, HEIGHT)


def digest(tissue: SyntheticTissue) -> str:
    return hashlib.sha256(tissue.pixels.tobytes() + tissue.points.xy.tobytes()).hexdigest()


def test_the_same_seed_draws_the_same_bytes_and_another_seed_does_not() -> None:
    first, second = (draw_tissue(Seed(3), 260, 200) for _ in range(2))

    assert digest(first) == digest(second)
    assert digest(first) != digest(draw_tissue(Seed(4), 260, 200))


def test_all_points_lie_in_the_image_and_none_is_closer_than_three_pixels_to_another(
    tissue: SyntheticTissue,
) -> None:
    xy = tissue.points.xy
    distances, _ = cKDTree(xy).query(xy, k=2)

    assert tissue.pixels.shape == (HEIGHT, WIDTH, 3)
    assert ((xy >= 0) & (xy < (WIDTH, HEIGHT))).all()
    assert distances[:, 1].min() > 3


def test_both_classes_are_frequent(tissue: SyntheticTissue) -> None:
    counts = np.bincount(tissue.points.class_index, minlength=len(TAXONOMY))

    assert counts.min() > 150


def test_no_nucleus_takes_up_an_amount_of_dab_between_the_classes() -> None:
    nuclei = place_nuclei(Seed(1).stream("place"), lay_ground(Seed(1).stream("ground"), (500, 500)))
    brown = np.array([nucleus.brown for nucleus in nuclei])

    assert not ((brown > NEGATIVE_BELOW) & (brown < POSITIVE_ABOVE)).any()
    assert all(nucleus.is_positive == (nucleus.brown >= POSITIVE_ABOVE) for nucleus in nuclei)


def test_positive_nuclei_are_browner_than_negative_ones(tissue: SyntheticTissue) -> None:
    brown = rgb2hed(tissue.pixels)[..., 2]
    columns, rows = tissue.points.xy.astype(int).T
    at_points = brown[rows, columns]
    positive = tissue.points.class_index == TAXONOMY.index("positive")

    assert np.median(at_points[positive]) > np.quantile(at_points[~positive], 0.9)


def test_nuclei_touch_and_overlap(tissue: SyntheticTissue) -> None:
    xy = tissue.points.xy
    distances, _ = cKDTree(xy).query(xy, k=2)

    assert (distances[:, 1] < 12).mean() > 0.25


def test_a_blob_detector_is_better_than_chance_but_does_not_solve_it(
    tissue: SyntheticTissue,
) -> None:
    points = tissue.points
    anywhere = Seed(0).stream("anywhere").uniform((0, 0), (WIDTH, HEIGHT), points.xy.shape)
    chance = np.mean(
        [
            f1(anywhere[points.class_index == row], points.xy[points.class_index == row], RADIUS)
            for row in (0, 1)
        ]
    )

    best = best_mean_f1(tissue.pixels, points, RADIUS)

    assert chance + 0.15 < best < 0.75


@pytest.mark.parametrize("shape", [(64, 64), (37, 211)])
def test_textures_fill_any_shape(shape: tuple[int, int]) -> None:
    random = Seed(0).stream("texture")

    for plane in (
        smooth_noise(random, shape, 9),
        fractal_noise(random, shape, 12, 3),
        fibres(random, shape, 5),
    ):
        assert plane.shape == shape
        assert np.isfinite(plane).all()
