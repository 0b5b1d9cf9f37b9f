"""A whole slide at a glance: the same picture however the slide is stored."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from patherea_core.errors import SlideError
from patherea_core.geometry import Box, Pixels
from patherea_core.slides import ArraySlide
from plugin.slides import overview as overview_module
from plugin.slides.overview import ShrinkingReader, overview
from plugin.slides.reader import open_slide
from tests.builders import square
from tests.plugin.slide_files import break_tile, write_tiff


class Plain:
    """A slide that can give base pixels, and nothing else."""

    def __init__(self, slide: ArraySlide) -> None:
        self.name, self.base_mpp = slide.name, slide.base_mpp
        self.width, self.height = slide.width, slide.height
        self.read = slide.read


def slope(width: int, height: int) -> Pixels:
    """Return pixels that get brighter from corner to corner, so that any reduction looks alike."""
    rows, columns = np.mgrid[:height, :width]
    grey = 255 * (columns / width + rows / height) / 2
    return np.repeat(grey.astype(np.uint8)[:, :, None], 3, axis=2)


def test_an_overview_has_about_the_pixels_asked_for_and_covers_the_slide() -> None:
    view = overview(ArraySlide("s", 0.5, slope(1000, 603)), 8.0)
    assert view.pixels.shape == (38, 62, 3)
    assert view.mpp == pytest.approx(8.0, rel=0.02)
    height, width = view.pixels.shape[:2]
    assert (width * view.across, height * view.down) == pytest.approx((1000, 603))


def test_a_slide_is_never_enlarged() -> None:
    pixels = slope(40, 30)
    assert np.array_equal(overview(ArraySlide("s", 10.0, pixels), 8.0).pixels, pixels)


def test_every_kind_of_slide_looks_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = slope(900, 700)
    write_tiff(tmp_path / "a.tif", pixels, mpp=0.5, photometric="rgb")
    array = ArraySlide("s", 0.5, pixels)
    monkeypatch.setattr(overview_module, "_STRIP_PIXELS", 100_000)
    views = [
        overview(slide, 8.0) for slide in (array, Plain(array), open_slide(tmp_path / "a.tif"))
    ]
    for view in views[1:]:
        assert view.pixels.shape == views[0].pixels.shape
        assert np.abs(view.pixels.astype(int) - views[0].pixels).max() <= 4


def test_no_overview_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview_module, "_MOST_PIXELS", 1000)
    view = overview(ArraySlide("s", 8.0, slope(200, 200)), 8.0)
    assert view.pixels.size <= 3 * 1100
    assert view.mpp == pytest.approx(8 * 200 / view.pixels.shape[0])


def test_places_move_to_base_pixels_and_back() -> None:
    view = overview(ArraySlide("s", 0.5, slope(1000, 603)), 8.0)
    moved = view.to_base(square(1, 2, 3))
    corners = np.array(moved.exterior.coords)
    assert view.from_base(corners) == pytest.approx(np.array(square(1, 2, 3).exterior.coords))
    assert Box.around(moved.bounds).width > 3


def test_the_smaller_levels_of_a_file_are_used(tmp_path: Path) -> None:
    pixels = slope(1024, 1024)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        more: dict[str, Any] = {
            "tile": (128, 128),
            "photometric": "rgb",
            "resolution": (2e4, 2e4),
            "resolutionunit": 3,
        }
        file.write(np.full_like(pixels, 9), subifds=1, **more)
        file.write(pixels[::4, ::4], subfiletype=1, **more)
    slide = open_slide(tmp_path / "a.tif")
    assert isinstance(slide, ShrinkingReader)
    assert [slide.own_shrink(most) for most in (1, 3.9, 4, 100)] == [1, 1, 4, 4]
    assert overview(slide, 8.0).pixels.max() > 200
    assert overview(slide, 1.5).pixels.max() == 9


def test_what_cannot_be_read_is_no_glass(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", slope(900, 700), photometric="rgb", compression="jpeg")
    break_tile(tmp_path / "a.tif", 20)
    with pytest.raises(SlideError, match="cannot be decoded"):
        overview(open_slide(tmp_path / "a.tif"), 8.0)
