"""What a slide file says of its scan: where the scanned area begins, colour profile, focal planes."""

import math
from collections.abc import Mapping
from typing import Any

from patherea_core.slides import SlideReader
from plugin.slides.check import Check, passed, warned
from plugin.slides.reader import COLOURS, LargeImageSlide

#: Share by which the sides of a pixel may differ without anybody seeing it.
_SQUARE = 0.01
#: Pixels that are read in a few seconds.
_MOST_PIXELS = 2e8


def scanned_offset(slide: SlideReader) -> tuple[int, int]:
    """Return the base pixel at which the scanned area begins, which QuPath takes as its origin: x and y.

    large_image shows the scanned area alone, unless it reaches beyond the slide; then base pixels begin
    there already, and only OpenSlide itself knows that there is more.
    """
    facts = _openslide_facts(slide)
    try:
        size = int(facts["openslide.level[0].width"]), int(facts["openslide.level[0].height"])
        begin = int(facts["openslide.bounds-x"]), int(facts["openslide.bounds-y"])
    except (KeyError, ValueError):
        return 0, 0
    return begin if size == (slide.width, slide.height) else (0, 0)


def scan_checks(slide: SlideReader) -> tuple[Check, ...]:
    """Return what the file says of its scan; nothing of a plain image."""
    if not isinstance(slide, LargeImageSlide):
        return (passed("colour profile", COLOURS),)
    facts: Mapping[str, Any] = slide.source.getMetadata()
    return (_square(facts), _planes(facts), _levels(slide), _offset(slide), _profile(slide))


def _square(facts: Mapping[str, Any]) -> Check:
    across, down = facts.get("mm_x"), facts.get("mm_y")
    if not across or not down or abs(across - down) <= _SQUARE * across:
        return passed("pixel shape", "square")
    return warned(
        "pixel shape",
        f"{across * 1000:.4g} × {down * 1000:.4g} µm in the file",
        "convert the slide, unless --mpp is true in both directions",
    )


def _planes(facts: Mapping[str, Any]) -> Check:
    planes = len(facts.get("frames", ())) or 1
    depth = f"{facts.get('bandCount', '?')} channels of {facts.get('dtype', '?')}"
    if planes == 1:
        return passed("channels", depth)
    return warned(
        "channels",
        f"{depth}, {planes} images of the same place; the first is read",
        "give a file with the focal plane that is to be read, if it is another one",
    )


def _levels(slide: LargeImageSlide) -> Check:
    shrink = slide.own_shrink(math.inf)
    found = f"the smallest level is 1/{shrink} of the slide" if shrink > 1 else "one level only"
    if slide.width * slide.height / shrink**2 <= _MOST_PIXELS:
        return passed("levels", found)
    return warned(
        "levels",
        f"{found}, {slide.width} × {slide.height} pixels: looking for tissue reads many of them",
        "convert it to a pyramidal TIFF (large_image_converter), or name the regions with --roi",
    )


def _offset(slide: LargeImageSlide) -> Check:
    x, y = scanned_offset(slide)
    if (x, y) == (0, 0):
        return passed("scanned area", "begins at the corner of the slide")
    return passed("scanned area", f"begins at {x}, {y}; files for QuPath count from there")


def _profile(slide: LargeImageSlide) -> Check:
    profiles = slide.source.getICCProfiles(onlyInfo=True)
    if not profiles:
        return passed("colour profile", f"none in the file ({COLOURS})")
    name = str(profiles[0]).split("\n")[0].strip()
    return passed("colour profile", f"{name or 'one without a name'} ({COLOURS})")


def _openslide_facts(slide: SlideReader) -> Mapping[str, Any]:
    if not isinstance(slide, LargeImageSlide):
        return {}
    facts: Mapping[str, Any] = (slide.source.getInternalMetadata() or {}).get("openslide") or {}
    return facts
