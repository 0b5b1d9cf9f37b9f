"""Pixels as the core wants them."""

import numpy as np
import pytest

from patherea_core.errors import SlideError
from patherea_core.geometry import Box
from plugin.slides.pixels import as_rgb, blank, padded
from tests.builders import noise


def test_half_transparent_is_half_way_to_white() -> None:
    black = np.zeros((1, 3, 4), dtype=np.uint8)
    black[0, :, 3] = (0, 102, 255)
    assert as_rgb(black, "s")[0, :, 0].tolist() == [255, 153, 0]


def test_grey_may_come_without_a_channel_axis() -> None:
    grey = noise(4, 3)[:, :, 0]
    assert np.array_equal(as_rgb(grey, "s"), np.repeat(grey[:, :, None], 3, axis=2))


def test_more_channels_than_colours_are_refused() -> None:
    with pytest.raises(SlideError, match="5 channels"):
        as_rgb(np.zeros((2, 2, 5), dtype=np.uint8), "s")


def test_a_part_lies_where_it_belongs() -> None:
    whole = padded(noise(2, 1), Box(11, 21, 2, 1), Box(10, 20, 4, 3))
    assert np.array_equal(whole[1:2, 1:3], noise(2, 1))
    whole[1:2, 1:3] = 255
    assert np.array_equal(whole, blank(Box(0, 0, 4, 3)))
