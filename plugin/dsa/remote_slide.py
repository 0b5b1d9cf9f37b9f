"""A slide that stays in the archive and is read piece by piece, for pictures of a few regions."""

import io
import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from patherea_core.errors import ArchiveError
from patherea_core.geometry import Box, Pixels
from plugin.dsa.answers import NotFoundError
from plugin.dsa.items import SlideItem
from plugin.dsa.session import Session
from plugin.slides.pixels import as_rgb, blank, padded
from plugin.slides.reader import checked_mpp, found_mpp


@dataclass(frozen=True, slots=True, eq=False)
class RemoteSlide:
    """A slide in the archive; see ``remote_slide``."""

    name: str
    base_mpp: float
    width: int
    height: int
    session: Session
    item_id: str

    def read(self, box: Box, longest_side: int | None = None) -> Pixels:
        """Return the RGB pixels of a box in base pixels; white where the slide ends.

        Args:
            box: what to read.
            longest_side: if the box is longer, the pixels are so much larger that it has so many of
                them; None reads base pixels.

        Raises:
            ArchiveError: the archive does not send them.
        """
        shrink = min(1.0, (longest_side or math.inf) / max(box.width, box.height))
        part = box.intersection(Box(0, 0, self.width, self.height))
        seen = _shrunk(box, shrink)
        if part is None:
            return blank(seen)
        place = _shrunk(part, shrink)
        return padded(self._fetch(part, place), place, seen)

    def _fetch(self, part: Box, size: Box) -> Pixels:
        """Return a part of the slide, as large as ``size`` is."""
        try:
            content = self.session.picture(
                f"item/{self.item_id}/tiles/region",
                left=part.left,
                top=part.top,
                regionWidth=part.width,
                regionHeight=part.height,
                units="base_pixels",
                width=size.width,
                height=size.height,
                encoding="PNG",
            )
            with Image.open(io.BytesIO(content)) as image:
                # The archive keeps the proportions, so one side may be a pixel short.
                exact = image.resize((size.width, size.height), Image.Resampling.NEAREST)
                return as_rgb(np.asarray(exact), self.name)
        except NotFoundError as error:
            raise _unreadable(self.name, error) from error
        except (OSError, SyntaxError) as error:
            raise ArchiveError(f"the archive sent no picture of slide {self.name!r}") from error


@dataclass(frozen=True, slots=True)
class SlidePixels:
    """Pixels of the one slide on which all images of a gallery lie, whatever they are called."""

    slide: RemoteSlide

    def has(self, _image: str) -> bool:
        """Return that there are some."""
        return True

    def pixels(self, _image: str, box: Box) -> Pixels:
        """Return those of a box in base pixels."""
        return self.slide.read(box)


def _unreadable(name: str, error: NotFoundError) -> ArchiveError:
    return ArchiveError(
        f"slide {name!r} cannot be read in the archive, or not any more ({error}); look at it there, and"
        " upload it again if it is broken"
    )


def _shrunk(box: Box, factor: float) -> Box:
    left, top = round(box.left * factor), round(box.top * factor)
    right, bottom = round(box.right * factor), round(box.bottom * factor)
    return Box(left, top, max(1, right - left), max(1, bottom - top))


def remote_slide(
    session: Session, slide: SlideItem, mpp: float | None = None, option: str = "--mpp"
) -> RemoteSlide:
    """Return a slide to be read through the archive.

    Args:
        session: of the archive.
        slide: which one.
        mpp: micrometres per base pixel; None takes what the archive knows.
        option: how a person gives the pixel size, for the message.

    Raises:
        ScaleError: it does not say how large its pixels are, or they are not square, and ``mpp`` is
            not given.
        ArchiveError: the archive cannot read it.
    """
    try:
        facts = session.get(f"item/{slide.id}/tiles")
    except NotFoundError as error:
        raise _unreadable(slide.name, error) from error
    found = found_mpp(slide.name, facts, mpp)
    return RemoteSlide(
        name=slide.name,
        base_mpp=checked_mpp(slide.name, mpp, found, option),
        width=facts["sizeX"],
        height=facts["sizeY"],
        session=session,
        item_id=slide.id,
    )
