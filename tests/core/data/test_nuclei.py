"""Dark round spots are found where they are, at the size they have, and only where no point is."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patherea_core.data.nuclei import Nucleus, StainedImage, stained, typical_nucleus, unlabelled
from patherea_core.geometry import Floats
from tests.core.data.tissue import EOSIN, HAEMATOXYLIN, grid, tissue


def labelled(xy: Floats, mpp: float, diameter: float) -> Nucleus:
    image = stained(tissue(xy, (200, 160), diameter=diameter / mpp), mpp)
    nucleus = typical_nucleus(image, xy * mpp)
    assert nucleus is not None
    return nucleus


@pytest.mark.parametrize("diameter", [5.0, 7.0, 10.0])
def test_nuclei_seem_as_wide_as_they_are(diameter: float) -> None:
    assert labelled(grid(200, 160, 30), 0.5, diameter).diameter == pytest.approx(diameter, rel=0.2)


def test_the_same_pixels_at_twice_the_size_hold_nuclei_twice_as_wide() -> None:
    xy = grid(200, 160, 30)
    pixels = tissue(xy, (200, 160), diameter=12)
    narrow, wide = (typical_nucleus(stained(pixels, mpp), xy * mpp) for mpp in (0.5, 1.0))
    assert narrow is not None
    assert wide is not None
    assert wide.diameter / narrow.diameter == pytest.approx(2, rel=0.1)


def test_fine_pixels_tell_the_same_as_coarse_ones() -> None:
    coarse, fine = labelled(grid(200, 160, 30), 0.5, 7), labelled(grid(200, 160, 50), 0.25, 7)
    assert fine.diameter == pytest.approx(coarse.diameter, rel=0.15)


def test_few_points_tell_nothing_about_nuclei() -> None:
    xy = grid(200, 160, 30)
    image = stained(tissue(xy, (200, 160)), 0.5)
    assert typical_nucleus(image, xy[:9] * 0.5) is None


def test_points_on_empty_glass_tell_nothing_about_nuclei() -> None:
    image = stained(np.full((160, 200, 3), 240, dtype=np.uint8), 0.5)
    assert typical_nucleus(image, grid(200, 160, 30) * 0.5) is None


@cache
def scene() -> tuple[Floats, StainedImage]:
    """Return twenty nuclei and the image of them."""
    xy = grid(200, 160, 34)
    return xy, stained(tissue(xy, (200, 160)), 0.5)


@settings(max_examples=20, deadline=None)
@given(st.sets(st.integers(0, 19), min_size=1, max_size=8))
def test_exactly_the_nuclei_without_a_point_are_found(missing: set[int]) -> None:
    xy, image = scene()
    rows = np.array(sorted(missing))
    nucleus = typical_nucleus(image, xy * 0.5)
    assert nucleus is not None
    found = unlabelled(image, nucleus, np.delete(xy, rows, axis=0) * 0.5)
    assert len(found) == len(rows)
    nearest = np.linalg.norm(found[:, np.newaxis] - xy[rows] * 0.5, axis=2).min(axis=0)
    assert nearest.max() < 0.5


def test_all_nuclei_are_found_where_nothing_is_labelled() -> None:
    xy, image = scene()
    assert len(unlabelled(image, Nucleus(7, 0.02), np.empty((0, 2)))) == len(xy)


def test_a_nucleus_on_the_edge_of_the_image_is_not_missed() -> None:
    image = stained(tissue(np.array([[1.0, 80.0]]), (200, 160)), 0.5)
    assert not len(unlabelled(image, Nucleus(7, 0.02), np.empty((0, 2))))


def test_eosin_is_no_nuclear_stain() -> None:
    xy = np.array([[50.0, 50.0]])
    dark, pink = (
        stained(tissue(xy, (100, 100), stain=stain), 0.5).density for stain in (HAEMATOXYLIN, EOSIN)
    )
    assert dark[50, 50] > 5 * pink[50, 50]


def test_an_image_of_one_pixel_has_no_nuclei() -> None:
    image = stained(np.zeros((1, 1, 3), dtype=np.uint8), 0.1)
    assert not len(unlabelled(image, Nucleus(7, 0.02), np.empty((0, 2))))
