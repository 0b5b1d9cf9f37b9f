"""Tiles are read in the order asked for, and those that cannot be are told in pixels of the slide."""

import pytest

from patherea_core.errors import SlideError
from patherea_core.geometry import Box, Pixels
from patherea_core.slides import ArraySlide, SlideReader
from patherea_core.workflow.detection.plan import DetectionSettings, Plan, TileSizes, plan
from patherea_core.workflow.detection.reading_ahead import core_in_base, read_ahead
from tests.core.workflow.detection.local_runtime import CARD, GRID, noise_slide


class Broken:
    """A slide whose left part cannot be read.

    Args:
        slide: where the rest comes from.
        until: the first column in base pixels that can be read.
    """

    def __init__(self, slide: ArraySlide, until: int) -> None:
        self._slide = slide
        self._until = until
        self.name, self.base_mpp = slide.name, slide.base_mpp
        self.width, self.height = slide.width, slide.height

    def read(self, box: Box) -> Pixels:
        """Return the pixels, or fail."""
        if box.left < self._until:
            raise SlideError(f"nothing is left of {self._until}")
        return self._slide.read(box)


def planned(slide: SlideReader) -> Plan:
    wanted = DetectionSettings(tile_size=64)
    return plan(slide, CARD, GRID, wanted, sizes=TileSizes(64, 16), batch_size=3)


def test_each_tile_of_each_batch_is_read_or_a_hole_with_its_reason() -> None:
    slide = Broken(noise_slide(), 100)
    work = planned(slide)
    wanted = list(reversed(range(len(work.batches))))
    read = list(read_ahead(slide, work, wanted, 2))
    assert [batch.number for batch in read] == wanted
    for batch in read:
        assert sorted(batch.tiles + batch.holes) == sorted(work.batches[batch.number])
        assert len(batch.pixels) == len(batch.tiles)
        assert batch.reasons == ("nothing is left of 100",) * len(batch.holes)
    assert any(batch.holes for batch in read)
    assert any(batch.tiles for batch in read)


def test_a_tile_that_cannot_be_read_is_told_in_pixels_of_the_slide(
    caplog: pytest.LogCaptureFixture,
) -> None:
    slide = Broken(noise_slide(mpp=CARD.mpp / 4), 1)
    work = planned(slide)
    list(read_ahead(slide, work, range(len(work.batches)), 1))
    core = work.tiles[0].core
    assert core_in_base(work, 0) == Box(0, 0, 4 * core.width, 4 * core.height)
    assert caplog.messages[0] == (
        f"tile 1 of {len(work.tiles)} at x 0, y 0, {4 * core.width} × {4 * core.height} pixels of the slide"
        " cannot be read after 3 tries, so its cells will be missing: nothing is left of 1"
    )
