"""Slides through large_image, the library the archive itself reads with.

Colours: a slide's colour profile is applied, as the archive does for what a pathologist sees, and so
at export, training and detection alike. Plain images are read by ``plugin.slides.plain``.
"""

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import large_image
from PIL import UnidentifiedImageError

from patherea_core.errors import PixelFormatError, ScaleError, SlideError
from patherea_core.geometry import Box, Pixels
from patherea_core.slides import ArraySlide, SlideReader
from plugin.slides import plain
from plugin.slides.pixels import as_rgb, blank, padded, require_colours
from plugin.slides.refusals import missing, no_image, require_permitted
from plugin.slides.tiff_file import require_whole, said_mpp

#: What is done with colour profiles, for the record of a dataset or result.
COLOURS = "colour profile applied, sRGB"
#: Micrometres per pixel that a microscope or scanner can have; printers' resolutions lie beyond.
PLAUSIBLE_MPP = (0.05, 5.0)
#: Share by which two sizes of a pixel may differ and still be the same one, rounded.
_SAME = 0.02

#: Bytes that decoded tiles of slides may take, as large_image reckons; it would take a 32nd of all memory.
#: They are needed again for the next strip and for the halo of the next window only.
_CACHE = 192 * 2**20

log = logging.getLogger(__name__)

large_image.config.setConfig("cache_backend", "python")
large_image.config.setConfig(
    "cache_python_memory_portion", math.ceil(large_image.config.total_memory() / _CACHE)
)
large_image.config.setConfig("icc_correction", True)  # noqa: FBT003  large_image's form

#: How large_image begins to say that none of its readers takes a file.
_NO_READER = "No available tilesource"
#: What large_image and the libraries below it raise on a file that is broken.
_BROKEN = (large_image.exceptions.TileGeneralError, OSError, ValueError, RuntimeError, KeyError)


@dataclass(frozen=True, slots=True, eq=False)
class LargeImageSlide:
    """A slide that large_image reads; see ``open_slide``."""

    name: str
    base_mpp: float
    width: int
    height: int
    source: Any = field(repr=False)

    def read(self, box: Box) -> Pixels:
        """Return (height, width, 3) RGB base pixels of the box; white where the slide ends.

        Raises:
            SlideError: the file is broken there, or its pixels are no colours of eight bits.
        """
        part = box.intersection(Box(0, 0, self.width, self.height))
        if part is None:
            return blank(box)
        pixels = as_rgb(self._part(part), self.name)
        return pixels if part == box else padded(pixels, part, box)

    def own_shrink(self, most: float) -> int:
        """Return by how much the smallest level is smaller that the file itself has, at ``most`` so much.

        Others the library makes of larger ones, and what it cannot read there it leaves out without a word.
        """
        levels = self.source._nonemptyLevelsList()  # noqa: SLF001  nothing public tells
        own = [len(levels) - 1 - level for level, there in enumerate(levels) if there]
        return max((2**times for times in own if 2**times <= most), default=1)

    def read_shrunk(self, box: Box, shrink: int) -> Pixels:
        """Return about (height, width, 3) RGB pixels, so many times fewer, of a box inside the slide.

        Raises:
            SlideError: the file is broken there, or its pixels are no colours of eight bits.
        """
        if shrink == 1:
            return self.read(box)
        output = {
            "maxWidth": math.ceil(box.width / shrink),
            "maxHeight": math.ceil(box.height / shrink),
        }
        return as_rgb(self._region(box, output=output), self.name)

    def _part(self, part: Box) -> Any:  # noqa: ANN401  large_image publishes no types
        pixels = self._region(part)
        if pixels.shape[:2] != (part.height, part.width):
            raise SlideError(f"slide {self.name!r} gave {pixels.shape} pixels for {part}")
        return pixels

    def _region(self, box: Box, **how: Any) -> Any:  # noqa: ANN401  large_image publishes no types
        region = {
            "left": box.left,
            "top": box.top,
            "width": box.width,
            "height": box.height,
            "units": "base_pixels",
        }
        numpy_format = large_image.constants.TILE_FORMAT_NUMPY
        try:
            pixels, _ = self.source.getRegion(region=region, format=numpy_format, **how)
        except _BROKEN as error:
            raise SlideError(
                f"slide {self.name!r} cannot be read at {box}: {_reason(error)}"
            ) from error
        return pixels


def open_slide(
    path: Path, mpp: float | None = None, name: str | None = None, option: str = "--mpp"
) -> SlideReader:
    """Return a slide or plain image, ready to be read.

    Args:
        path: the file.
        mpp: micrometres per base pixel; None takes what the file says.
        name: what it is called in results; None takes the file's name.
        option: how a person gives the pixel size, for the message.

    Raises:
        SlideError: it is missing, broken, or no slide; PixelFormatError if its pixels are no colours of
            eight bits.
        ScaleError: it does not say how large its pixels are, and neither does ``mpp``.
    """
    called = name or path.name
    require_permitted(path)
    if path.suffix.lower() in plain.SUFFIXES:
        pixels = plain.read_plain(path)
        return ArraySlide(called, checked_mpp(called, mpp, None, option), pixels)
    if not path.is_file():
        raise missing(path)
    require_whole(path)
    try:
        source = large_image.open(str(path), noCache=True)
        facts = source.getMetadata()
    except _BROKEN as error:
        if str(error).startswith(_NO_READER):
            raise no_image(path) from error
        raise SlideError(
            f"{path.name!r} cannot be read as a slide: {_reason(error)}; fetch the file again"
        ) from error
    require_colours(facts.get("dtype"), facts.get("bandCount"), called)
    _require_one_image(called, facts)
    found = found_mpp(called, facts, mpp)
    if found is None and mpp is None:
        # The library leaves out a resolution that no microscope has; it is told of all the same.
        found = said_mpp(path)
    return LargeImageSlide(
        called, checked_mpp(called, mpp, found, option), facts["sizeX"], facts["sizeY"], source
    )


def require_readable(path: Path, mpp: float | None = None) -> None:
    """Check before long work what can be checked without reading pixels; raises as ``open_slide``."""
    if path.suffix.lower() not in plain.SUFFIXES:
        open_slide(path, mpp)
        return
    require_permitted(path)
    plain.require_plain(path)
    checked_mpp(path.name, mpp, None)


def checked_mpp(
    name: str, given: float | None, found: float | None, option: str = "--mpp"
) -> float:
    """Return the pixel size that was given, else the one that was found; a warning tells of two that differ.

    Args:
        name: the slide.
        given: by a person, in micrometres.
        found: in the slide, in micrometres.
        option: how a person gives it, for the message.

    Raises:
        ScaleError: there is neither, or the one found is no microscope's.
    """
    if given is not None:
        if not (math.isfinite(given) and given > 0):
            raise ScaleError(f"{option} must be a positive number of micrometres, not {given}")
        if found is not None and abs(given - found) > _SAME * found:
            log.warning(
                "slide %r says that its pixels measure %.4g µm; they are taken to measure %.4g, as %s says",
                name,
                found,
                given,
                option,
            )
        return given
    if found is None:
        raise ScaleError(
            f"slide {name!r} has no resolution; give {option}, the micrometres of a pixel"
        )
    least, most = PLAUSIBLE_MPP
    if not least <= found <= most:
        raise ScaleError(
            f"slide {name!r} says that its pixels measure {found:.4g} µm, which no microscope's do; "
            f"give {option}, the micrometres of a pixel"
        )
    return found


def found_mpp(name: str, facts: Mapping[str, Any], given: float | None) -> float | None:
    """Return the pixel size in micrometres that a slide's facts tell; None if they do not.

    Raises:
        ScaleError: the pixels are not square, and nobody gave a size instead.
    """
    across, down = facts.get("mm_x"), facts.get("mm_y")
    if not across or not down:
        return None
    if given is None and abs(across - down) > 0.01 * across:
        raise ScaleError(
            f"the pixels of slide {name!r} are not square ({across * 1000:.4g} × {down * 1000:.4g} "
            "µm); convert it"
        )
    return float(across) * 1000


def _reason(error: Exception) -> str:
    """Return what went wrong, in one line; an image that only lay in memory has no name to tell."""
    unnamed = isinstance(error, UnidentifiedImageError)
    return "it cannot be decoded" if unnamed else str(error).split("\n")[0]


def _require_one_image(name: str, facts: Mapping[str, Any]) -> None:
    """Refuse what holds an image for each of several stains or lamps, of which only one would be read."""
    images = len(facts.get("frames", ()))
    channels = facts.get("IndexRange", {}).get("IndexC", 1)
    if channels > 1 or (images > 1 and facts.get("bandCount", 3) < 3):
        raise PixelFormatError(
            f"slide {name!r} has {max(channels, images)} channels, an image each, and only RGB and grey can"
            " be read; convert it to RGB of 8 bits a channel"
        )
