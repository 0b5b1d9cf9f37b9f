"""Tiles of the slides of an archive's folder: each is fetched once, and what stays of it are some fields.

A pretraining looks at every slide again and again, at random, and the slides of an archive are too many to
be kept. So one at a time is fetched, fields of its tissue are cut, and its file goes; tiles are then pieces
of the fields. How many fields there are is bounded by the room that is given for them. Where a run goes on in
the folder of its fields, a slide whose fields are all there is not fetched again.
"""

import hashlib
import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from patherea_core.data.finding import counted
from patherea_core.errors import InputError, SlideError
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin.dsa.items import SlideItem, download_slide, slides_in
from plugin.dsa.session import Session
from plugin.dsa.slide_folders import slides_below, slides_listed, still_there
from plugin.pretraining.field_cutting import FieldWishes, cut_fields, write_field
from plugin.pretraining.finding import TileWishes, ground_of
from plugin.pretraining.ground import Ground
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.kept_fields import (
    FieldsAsked,
    KeptFields,
    field_name,
    field_path,
    forget_fields,
    keep_fields,
    kept_fields,
    room_for_fields,
    sizes_of,
)
from plugin.pretraining.left_out import CannotServeError, LeftOut
from plugin.slides.reader import open_slide

log = logging.getLogger(__name__)

#: Sides of a field in sides of a tile.
_TILES_ACROSS = 2

#: Share of the free room of a disk that fields take at the most; a slide has to lie beside them.
_OF_FREE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveWishes:
    """What is wanted of the slides of an archive.

    Attributes:
        folder_id: the folder that they lie in.
        tiles: what tiles are wanted.
        subfolders: whether the slides of the folders below it are taken, too.
        slide_ids: the slides themselves, instead of those of the folder, where a run goes on with them.
        fields: of each slide.
        room: bytes that all fields may take, None for what the disk has; see ``fields_with_room``.
        seed: of the places of the fields.
        mpp_option: how a person says how large the pixels of a slide are, for messages.
    """

    folder_id: str
    tiles: TileWishes
    subfolders: bool = False
    slide_ids: tuple[str, ...] = ()
    fields: int = 100
    room: int | None = 10 * 10**9
    seed: int = 0
    mpp_option: str = "--slideMpp"


def slides_wanted(session: Session, wishes: ArchiveWishes) -> tuple[SlideItem, ...]:
    """Return the slides that are meant, in order.

    Raises:
        InputError: there is no such folder, or no slide in it.
        ArchiveError: the archive does not answer.
    """
    if wishes.slide_ids:
        return slides_listed(session, wishes.slide_ids)
    slides = (slides_below if wishes.subfolders else slides_in)(session, wishes.folder_id)
    if not slides:
        raise InputError(
            "the folder holds no slide; name the one that the slides lie in"
            + ("" if wishes.subfolders else ", or take its sub-folders, too")
        )
    return slides


def slides_again(session: Session, wishes: ArchiveWishes, scratch: Path) -> tuple[SlideItem, ...]:
    """Return the slides of ``slide_ids``, in order; only those without fields there are looked for.

    Args:
        session: of the archive.
        wishes: what is wanted of them.
        scratch: the folder that the fields are kept in.

    Raises:
        InputError: one whose fields are not there is gone, or is no slide any more.
        ArchiveError: the archive does not answer.
    """
    there = {one: kept_fields(scratch, one, _asked(wishes)) for one in wishes.slide_ids}
    slides = {one: SlideItem(one, kept.name, kept.file_id) for one, kept in there.items() if kept}
    missing = tuple(one for one in wishes.slide_ids if one not in slides)
    if missing:
        slides |= {slide.id: slide for slide in slides_listed(session, missing)}
    return tuple(slides[one] for one in wishes.slide_ids)


def fields_with_room(wishes: ArchiveWishes, slides: int, scratch: Path) -> int:
    """Return how many fields of each slide there is room for, and warn if they are fewer than are wanted.

    Args:
        wishes: what is wanted.
        slides: how many there are.
        scratch: the folder that the fields are kept in.
    """
    room = int(_OF_FREE * room_for_fields(scratch))
    if wishes.room is not None:
        room = min(room, wishes.room)
    count = max(1, min(wishes.fields, room // (slides * _fields(wishes, 1).size)))
    if count < wishes.fields:
        log.warning(
            "there is room for %d fields of each of %d slides, not for %d; give more room, or take fewer"
            " slides",
            count,
            slides,
            wishes.fields,
        )
    return count


def archive_tiles(
    session: Session,
    slides: Sequence[SlideItem],
    wishes: ArchiveWishes,
    scratch: Path,
    progress: Progress,
) -> GroundTiles:
    """Fetch the slides one by one, keep fields of them in ``scratch``, and return tiles of these.

    Raises:
        InputError: nothing can serve: no slide can be read, is as large as a tile, or shows tissue.
        ScaleError: a slide does not say how large its pixels are.
        ArchiveError: the archive does not answer, or has a slide no more.
        OutputError: the fields cannot be written.
        Cancelled: the progress asked to stop.
    """
    cutter = _Cutter(session, wishes, scratch)
    grounds: list[Ground] = []
    for number, slide in enumerate(slides):
        progress.advance(number / len(slides), f"taking fields of {slide.name}")
        grounds += cutter.fields_of(slide)
    cutter.left_out.tell()
    if not grounds:
        raise InputError(cutter.left_out.nothing_left())
    progress.advance(1.0, f"{len(grounds)} fields are there")
    return GroundTiles(grounds, wishes.tiles.mpp, fields_in_words, _identity(slides, wishes))


def fields_in_words(fields: Sequence[Ground]) -> str:
    """Return what tiles are taken from, in words."""
    slides = len({one.slide for one in fields})
    return f"{counted(len(fields), 'field', 'fields')} of {counted(slides, 'slide', 'slides')} of the archive"


class _Cutter:
    """Takes fields of slides.

    Attributes:
        left_out: slides that could not serve.
    """

    def __init__(self, session: Session, wishes: ArchiveWishes, scratch: Path) -> None:
        self.left_out = LeftOut()
        self._session, self._wishes, self._scratch = session, wishes, scratch

    def fields_of(self, slide: SlideItem) -> list[Ground]:
        """Return the fields of one slide, none if it cannot serve; its file is kept only meanwhile."""
        kept = kept_fields(self._scratch, slide.id, _asked(self._wishes))
        if kept is None or kept.file_id != slide.file_id:
            forget_fields(self._scratch, slide.id)
            kept = self._taken(slide)
            keep_fields(self._scratch, slide.id, kept)
        if kept.reason is not None:
            self.left_out.note(kept.reason, kept.said)
        return kept.grounds(self._scratch, slide.id, slide.name)

    def _taken(self, slide: SlideItem) -> KeptFields:
        """Return what there is to keep of a slide of the archive."""
        kept = KeptFields(asked=_asked(self._wishes), name=slide.name, file_id=slide.file_id)
        with tempfile.TemporaryDirectory(prefix="slide-", dir=self._scratch) as folder:
            with still_there(self._session, slide):
                path = download_slide(self._session, slide, Path(folder))
            try:
                sizes = sizes_of(self._cut(slide, path))
                return kept.model_copy(update={"sizes": sizes})
            except CannotServeError as error:
                return kept.model_copy(update={"reason": error.reason, "said": str(error)})
            except SlideError as error:
                return kept.model_copy(update={"reason": "unreadable", "said": str(error)})

    def _cut(self, slide: SlideItem, path: Path) -> list[Ground]:
        tiles = self._wishes.tiles
        opened = open_slide(path, tiles.slide_mpp, slide.name, self._wishes.mpp_option)
        ground = ground_of(path, opened, tiles)
        fields = _fields(self._wishes, self._wishes.fields)
        random = Seed(self._wishes.seed).stream("fields", int(slide.id[-8:], 16))
        return [
            write_field(
                pixels,
                field_path(self._scratch, slide.id, number),
                field_name(slide.name, number),
                tiles.mpp,
                slide.id,
            )
            for number, pixels in enumerate(cut_fields(opened, ground, fields, random))
        ]


def _fields(wishes: ArchiveWishes, count: int) -> FieldWishes:
    return FieldWishes(count, _TILES_ACROSS * wishes.tiles.side, wishes.tiles.mpp)


def _asked(wishes: ArchiveWishes) -> FieldsAsked:
    tiles, fields = wishes.tiles, _fields(wishes, wishes.fields)
    return FieldsAsked(
        count=fields.count,
        side=fields.side,
        mpp=tiles.mpp,
        slide_mpp=tiles.slide_mpp,
        enlarged=tiles.enlarged,
        seed=wishes.seed,
    )


def _identity(slides: Sequence[SlideItem], wishes: ArchiveWishes) -> str:
    """Return what the fields follow from."""
    told = [[(one.id, one.file_id) for one in slides], wishes.seed, wishes.fields]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()
