"""From what a person names to the grounds that tiles are taken from: images, slides, lists, datasets.

What cannot serve (a broken file, an image smaller than a tile or much coarser, a blank one, a slide without
tissue) is left out, and one warning of each kind names it; only if nothing is left the pretraining is
refused. A file that does not say how large its pixels are is refused at once, since that is mended for all
of them by one option.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from patherea_core.errors import InputError, SlideError
from patherea_core.geometry import Scale
from patherea_core.progress import Progress
from patherea_core.slides import SlideReader
from plugin.pretraining.ground import Ground
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.left_out import (
    CannotServeError,
    LeftOut,
    NoTissueError,
    TooCoarseError,
    TooSmallError,
)
from plugin.pretraining.named_images import NamedImage, named_images
from plugin.pretraining.tissue_sites import is_blank, tissue_sites
from plugin.slides.preflight import MOST_RESAMPLING
from plugin.slides.reader import open_slide

#: Places that are named in words.
_NAMED = 4

#: Base pixels of an image that is taken whole unless it is blank; on what is larger, tissue is looked for.
_WHOLE = 4_194_304


@dataclass(frozen=True, slots=True, kw_only=True)
class TileWishes:
    """What tiles are wanted.

    Attributes:
        mpp: micrometres per working pixel.
        side: of a tile, in working pixels.
        slide_mpp: micrometres per base pixel of what does not say; None refuses that.
        without_folds: names or numbers of folds of datasets that are left out, say the one to test on.
        enlarged: whether images of much larger pixels are taken, too, as runs did that an earlier version of
            the program began.
        blank: whether small images of one colour are taken, too, likewise.
    """

    mpp: float
    side: int
    slide_mpp: float | None = None
    without_folds: tuple[str, ...] = ()
    enlarged: bool = False
    blank: bool = False


def find_tiles(inputs: Sequence[Path], wishes: TileWishes, progress: Progress) -> GroundTiles:
    """Return tiles of all that is named: files, folders of them, lists (.txt, .csv), dataset folders.

    Raises:
        InputError: there is nothing, or nothing that can serve, or no dataset has a fold that is left out.
        ScaleError: a file does not say how large its pixels are.
        Cancelled: the progress asked to stop.
    """
    named = named_images(inputs, wishes.without_folds)
    left_out = LeftOut()
    grounds: list[Ground] = []
    for number, slide in enumerate(named):
        progress.advance(number / len(named), f"looking at {slide.title}")
        grounds += _ground(slide, wishes, left_out)
    left_out.tell()
    if not grounds:
        raise InputError(left_out.nothing_left())
    progress.advance(1.0, "all looked at")
    return GroundTiles(grounds, wishes.mpp, partial(in_words, places=tuple(inputs)))


def in_words(grounds: Sequence[Ground], places: Sequence[Path]) -> str:
    """Return what tiles are taken from, in words.

    Args:
        grounds: the slides and images.
        places: where they lie; of a path its last part is told.
    """
    slides = sum(one.sites is not None for one in grounds)
    images = len(grounds) - slides
    parts = [
        f"{count} {what}" + "s" * (count != 1)
        for count, what in ((slides, "slide"), (images, "image"))
        if count
    ]
    names = [Path(place).name or str(place) for place in places]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{' and '.join(parts)} of {', '.join(names[:_NAMED])}{more}"


def ground_of(path: Path, slide: SlideReader, wishes: TileWishes) -> Ground:
    """Return where tiles of an open slide or image are taken.

    Raises:
        SlideError: it cannot be read.
        CannotServeError: it is smaller than a tile or much coarser, or shows no tissue.
    """
    if slide.base_mpp > MOST_RESAMPLING * wishes.mpp and not wishes.enlarged:
        raise TooCoarseError(f"{slide.name} ({slide.base_mpp:.4g} µm)")
    scale = Scale(slide.base_mpp, wishes.mpp)
    width, height = (
        int(length / scale.base_per_working + 1e-6) for length in (slide.width, slide.height)
    )
    if min(width, height) < wishes.side:
        raise TooSmallError(f"{slide.name} ({width} × {height} pixels of {wishes.mpp:g} µm)")
    ground = Ground(path, slide.name, slide.base_mpp, width, height)
    if slide.width * slide.height <= _WHOLE:
        if not wishes.blank and is_blank(slide):
            raise NoTissueError(slide.name)
        return ground
    sites = tissue_sites(slide, wishes.mpp, wishes.side)
    if sites is None:
        raise NoTissueError(slide.name)
    return replace(ground, sites=sites)


def _ground(named: NamedImage, wishes: TileWishes, left_out: LeftOut) -> Iterator[Ground]:
    """Yield the ground of one file, if it can serve."""
    mpp = wishes.slide_mpp if named.mpp is None else named.mpp
    try:
        slide = open_slide(named.path, mpp, named.title, "--slide-mpp")
        ground = ground_of(named.path, slide, wishes)
        yield replace(ground, name=named.path.name, folder=named.folder, cut_from=named.cut_from)
    except CannotServeError as error:
        left_out.note(error.reason, str(error))
    except SlideError as error:
        left_out.note("unreadable", f"{named.folder}: {error}" if named.folder else str(error))
