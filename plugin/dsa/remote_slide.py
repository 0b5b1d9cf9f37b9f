"""A slide that stays in the archive and is read piece by piece, for pictures of a few regions."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from patherea_core.errors import ArchiveError
from patherea_core.geometry import Box, Pixels
from plugin.dsa.items import SlideItem
from plugin.dsa.session import Session
from plugin.slides.pixels import as_rgb, blank, padded
from plugin.slides.reader import checked_mpp


@dataclass(frozen=True, slots=True, eq=False)
class RemoteSlide:
    """A slide in the archive; see ``remote_slide``."""

    name: str
    base_mpp: float
    width: int
    height: int
    session: Session
    item_id: str

    def read(self, box: Box) -> Pixels:
        """Return (height, width, 3) RGB base pixels of the box; white where the slide ends.

        Raises:
            ArchiveError: the archive does not send them.
        """
        part = box.intersection(Box(0, 0, self.width, self.height))
        if part is None:
            return blank(box)
        content = self.session.picture(
            f"item/{self.item_id}/tiles/region",
            left=part.left,
            top=part.top,
            regionWidth=part.width,
            regionHeight=part.height,
            units="base_pixels",
            encoding="PNG",
        )
        try:
            with Image.open(io.BytesIO(content)) as image:
                pixels = as_rgb(np.asarray(image), self.name)
        except (OSError, SyntaxError) as error:
            raise ArchiveError(f"the archive sent no picture of slide {self.name!r}") from error
        return padded(pixels, part, box)


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
        ScaleError: it does not say how large its pixels are, and neither does ``mpp``.
    """
    facts = session.get(f"item/{slide.id}/tiles")
    found = facts["mm_x"] * 1000 if facts.get("mm_x") else None
    return RemoteSlide(
        name=slide.name,
        base_mpp=checked_mpp(slide.name, mpp, found, option),
        width=facts["sizeX"],
        height=facts["sizeY"],
        session=session,
        item_id=slide.id,
    )
