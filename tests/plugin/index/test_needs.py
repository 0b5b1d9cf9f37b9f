"""What a Ki-67 count needs of its input."""

import math

import numpy as np
import pytest

from patherea_core.errors import ScaleError
from patherea_core.index.kinds import Kind, KindedCells
from plugin.index.needs import PLAUSIBLE_MPP, doubled_notes, require_pixel_size


@pytest.mark.parametrize("mpp", [0.0, -1.0, math.nan, math.inf, 0.0001, 250.0])
def test_pixels_of_no_microscope_are_refused(mpp: float) -> None:
    with pytest.raises(ScaleError, match="--mpp must be the micrometres of a pixel"):
        require_pixel_size(mpp)


def test_pixels_of_microscopes_and_unknown_ones_pass() -> None:
    for mpp in (None, *PLAUSIBLE_MPP, 0.25):
        require_pixel_size(mpp)


def cells(*placed: tuple[float, float, Kind]) -> KindedCells:
    xy = np.array([(x, y) for x, y, _ in placed], dtype=np.float64).reshape(-1, 2)
    return KindedCells(xy, np.array([kind for _, _, kind in placed], dtype=np.int64))


def test_a_place_with_two_labels_is_told_of_and_what_they_say() -> None:
    once, other = (1, 2, Kind.POSITIVE), (14, 455, Kind.NEGATIVE)
    assert not list(doubled_notes({"a": cells(once), "b": cells(once), "c": cells()}))
    (note,) = doubled_notes({"a": cells(once), "b": cells(once, (14, 455, Kind.POSITIVE), other)})
    assert note.startswith("The place (14, 455) of b is labelled both as a positive and")
    (note,) = doubled_notes({"a": cells(once, once, other, other, other)})
    assert note.startswith("2 places, the first of them (1, 2) of a, are labelled more")


def test_a_label_that_does_not_count_doubles_nothing() -> None:
    assert not list(doubled_notes({"a": cells((1, 2, Kind.POSITIVE), (1, 2, Kind.NOT_COUNTED))}))
