"""Pictures of cells that reviewers changed, from the slides in the archive."""

import logging
from collections.abc import Mapping, Sequence

from patherea_core.errors import ArchiveError, InputError
from plugin.dsa.items import slide_named
from plugin.dsa.remote_slide import RemoteSlide, SlidePixels, remote_slide
from plugin.dsa.session import Session
from plugin.outputs.gallery import Example, Kind, Picture, pictures
from plugin.review.examples import ChangedCell, Shown

log = logging.getLogger(__name__)

#: How the gallery of an evaluation calls what a reviewer did: its marks are the same.
_GALLERY_KIND: Mapping[Shown, Kind] = {
    "deleted": "false alarm",
    "relabelled": "other class",
    "added": "missed",
}


def review_pictures(
    session: Session, cells: Sequence[ChangedCell], mpp: float | None
) -> tuple[Picture, ...]:
    """Return a picture of each cell; one that cannot be had is left out, which is told.

    Args:
        session: with the archive.
        cells: what is shown.
        mpp: micrometres per base pixel, for slides that do not say.
    """
    opened: dict[str, RemoteSlide] = {}
    made: list[Picture] = []
    for cell in cells:
        try:
            if cell.item not in opened:
                opened[cell.item] = remote_slide(session, slide_named(session, cell.item), mpp)
            made.append(_picture(cell, opened[cell.item]))
        except (ArchiveError, InputError) as error:
            log.warning("%s: no picture of a cell: %s", cell.slide, error)
    return tuple(made)


def _picture(cell: ChangedCell, slide: RemoteSlide) -> Picture:
    example = Example(_GALLERY_KIND[cell.kind], cell.slide, cell.x, cell.y, cell.caption, 0)
    source = SlidePixels(slide)
    (picture,) = pictures((example,), (cell.around,), cell.classes, cell.radius, source)
    return picture
