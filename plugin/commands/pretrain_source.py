"""Which slides of an archive a pretraining begins with, and how they are found again when it goes on."""

from dataclasses import dataclass, replace
from pathlib import Path

from patherea_core.errors import InputError
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.commands.pretrain_checkpoint import AskedPretraining
from plugin.commands.pretrain_request import BackboneRequest
from plugin.dsa.items import SlideItem
from plugin.dsa.session import Session
from plugin.pretraining.archive_fields import (
    ArchiveWishes,
    fields_with_room,
    slides_again,
    slides_wanted,
)
from plugin.pretraining.finding import TileWishes


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidesFolder:
    """Slides of the archive that a pretraining begins with.

    Attributes:
        id: of the folder that they lie in.
        subfolders: whether those of the folders below it are taken, too.
        slide_mpp: micrometres per base pixel of slides that do not say.
        fields: of each slide at the most.
        room: bytes that all fields may take on this machine; None for half of what its disk has.
    """

    id: str
    subfolders: bool = False
    slide_mpp: float | None = None
    fields: int = 100
    room: int | None = 10 * 10**9


def slides_now(
    source: SlidesFolder, backbone: BackboneRequest, config: PretrainingConfig, session: Session
) -> tuple[tuple[SlideItem, ...], AskedPretraining]:
    """Return the slides that a folder has now, and what a run that goes on with them has to know.

    Raises:
        InputError: there is no such folder, or no slide in it.
        ArchiveError: the archive does not answer.
    """
    weights = backbone.initial_weights
    asked = AskedPretraining(
        config=config,
        folder_id=source.id,
        slide_ids=(),
        subfolders=source.subfolders,
        slide_mpp=source.slide_mpp,
        fields=source.fields,
        fields_wanted=source.fields,
        seed=backbone.seed,
        initial_weights=None if weights is None else Path(weights).name,
    )
    slides = slides_wanted(session, wishes_of(asked, backbone))
    ids, names = (tuple(getattr(one, what) for one in slides) for what in ("id", "name"))
    return slides, asked.model_copy(update={"slide_ids": ids, "slide_names": names})


def with_room(
    asked: AskedPretraining, source: SlidesFolder, backbone: BackboneRequest, place: Path
) -> AskedPretraining:
    """Return the same with as many fields as there is room for in the folder that they are kept in."""
    wishes = replace(wishes_of(asked, backbone), room=source.room)
    fields = fields_with_room(wishes, len(asked.slide_ids), place)
    return asked.model_copy(update={"fields": fields})


def slides_of_before(
    asked: AskedPretraining, backbone: BackboneRequest, session: Session, place: Path
) -> tuple[SlideItem, ...]:
    """Return the slides that a run began with, whatever has come into their folder since.

    Raises:
        InputError: one is gone whose fields are not in ``place``.
        ArchiveError: the archive does not answer.
    """
    try:
        slides = slides_again(session, wishes_of(asked, backbone), place)
    except InputError as error:
        named = zip(asked.slide_ids, asked.slide_names, strict=False)
        gone = " or ".join(name for slide, name in named if slide in str(error)) or "a slide"
        raise InputError(
            f"the run cannot go on without {gone}, which it began with: {error}; begin another one, in a"
            " folder of its own"
        ) from error
    names = asked.slide_names or tuple(one.name for one in slides)
    return tuple(replace(one, name=name) for one, name in zip(slides, names, strict=True))


def wishes_of(asked: AskedPretraining, backbone: BackboneRequest) -> ArchiveWishes:
    """Return what is wanted of the archive.

    Raises:
        InputError: the run in the folder does not say how it was started.
    """
    folder = PretrainingFolder(backbone.out)
    tiles = TileWishes(
        mpp=asked.config.mpp,
        side=asked.config.tile_size,
        slide_mpp=asked.slide_mpp,
        enlarged=folder.goes_on_with_coarse(),
        blank=folder.goes_on_with_blank(),
    )
    return ArchiveWishes(
        folder_id=asked.folder_id,
        tiles=tiles,
        subfolders=asked.subfolders,
        slide_ids=asked.slide_ids,
        fields=asked.fields,
        seed=asked.seed,
    )
