"""Where the scanned area begins on a slide that is larger than what was scanned."""

from pathlib import Path
from typing import Any

import numpy as np
import openslide
import pytest

from patherea_core.geometry import Box, Pixels
from plugin.slides.check import Verdict
from plugin.slides.reader import LargeImageSlide, open_slide
from plugin.slides.scan_facts import scan_checks, scanned_offset
from tests.builders import noise
from tests.plugin.slide_files import write_tiff

#: Nanometres along the side of a pixel.
PIXEL = 500
AREA = Box(300, 200, 384, 256)
WHOLE = (1000, 800)

#: What a Leica SCN file says of itself, in nanometres but for the pixels.
SCN = """\
<?xml version="1.0"?>
<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">
<collection sizeX="{collection[0]}" sizeY="{collection[1]}"><image>
<creationDate>2026-01-01T00:00:00Z</creationDate><device model="made for a test" version="1"/>
<pixels sizeX="{area.width}" sizeY="{area.height}">
<dimension sizeX="{area.width}" sizeY="{area.height}" r="0" ifd="0"/></pixels>
<view sizeX="{view[0]}" sizeY="{view[1]}" offsetX="{view[2]}" offsetY="{view[3]}" spacingZ="0"/>
<scanSettings><objectiveSettings><objective>20</objective></objectiveSettings>
<illuminationSettings><numericalAperture>0.75</numericalAperture>
<illuminationSource>brightfield</illuminationSource></illuminationSettings></scanSettings>
</image></collection></scn>"""


def write_scan(path: Path) -> Pixels:
    """Write a slide of which only a part was scanned, and return the pixels of that part."""
    pixels = noise(AREA.width, AREA.height)
    edges = (AREA.width, AREA.height, AREA.left, AREA.top)
    words = SCN.format(
        collection=[PIXEL * side for side in WHOLE],
        area=AREA,
        view=[PIXEL * edge for edge in edges],
    )
    write_tiff(
        path,
        pixels,
        mpp=PIXEL / 1000,
        photometric="rgb",
        bigtiff=True,
        description=words,
        metadata=None,
    )
    return pixels


def test_base_pixels_begin_where_the_scanned_area_does(tmp_path: Path) -> None:
    # By this ending large_image reads it by way of OpenSlide, which goes by what the file says.
    name = "a.svs"
    pixels = write_scan(tmp_path / name)
    with openslide.OpenSlide(tmp_path / name) as whole:
        assert whole.dimensions == WHOLE
        assert whole.properties["openslide.bounds-x"] == str(AREA.left)
    slide = open_slide(tmp_path / name)
    assert (slide.width, slide.height) == (AREA.width, AREA.height)
    assert np.array_equal(slide.read(Box(0, 0, AREA.width, AREA.height)), pixels)
    # So nothing is left to take off for QuPath, which begins to count there too.
    assert scanned_offset(slide) == (0, 0)


class Source:
    """A slide that is shown with what was not scanned."""

    def __init__(self, **bounds: str) -> None:
        self._facts = {"openslide.level[0].width": "1000", "openslide.level[0].height": "800"}
        self._facts |= {f"openslide.bounds-{name}": value for name, value in bounds.items()}

    def getInternalMetadata(self) -> dict[str, Any]:  # noqa: N802  as large_image
        """Return what OpenSlide says."""
        return {"openslide": self._facts}


@pytest.mark.parametrize(
    ("bounds", "offset"),
    [
        ({"x": "900", "y": "200"}, (900, 200)),
        ({"x": "900"}, (0, 0)),
        ({"x": "", "y": ""}, (0, 0)),
        ({}, (0, 0)),
    ],
)
def test_what_is_shown_with_its_surroundings_begins_elsewhere(
    bounds: dict[str, str], offset: tuple[int, int]
) -> None:
    slide = LargeImageSlide("a.mrxs", 0.5, *WHOLE, Source(**bounds))
    assert scanned_offset(slide) == offset


def test_the_check_of_the_scanned_area_passes(tmp_path: Path) -> None:
    write_scan(tmp_path / "a.svs")
    (check,) = (
        check
        for check in scan_checks(open_slide(tmp_path / "a.svs"))
        if check.name == "scanned area"
    )
    assert check.verdict is Verdict.PASS
