"""What a pretraining in the archive looks at, when it begins and when it goes on in a new job."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.progress import Progress
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.commands.earlier_run import (
    EarlierRun,
    Wish,
    require_as_before,
    require_chosen_again,
)
from plugin.commands.pretrain_backbone import BackboneRequest, require_startable, require_usable
from plugin.commands.pretrain_checkpoint import AskedPretraining, unpack_checkpoint
from plugin.commands.run_item import CHECKPOINT, item_to_go_on
from plugin.dsa.session import Session
from plugin.pretraining.archive_fields import (
    ArchiveWishes,
    archive_tiles,
    fields_with_room,
    slides_wanted,
)
from plugin.pretraining.finding import TileWishes
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.settings_choice import SettingsWishes, chosen_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SlidesFolder:
    """Slides of the archive that a pretraining begins with.

    Attributes:
        id: of the folder that they lie in.
        subfolders: whether those of the folders below it are taken, too.
        slide_mpp: micrometres per base pixel of slides that do not say.
        fields: of each slide at the most.
        room: bytes that all fields may take on this machine.
    """

    id: str
    subfolders: bool = False
    slide_mpp: float | None = None
    fields: int = 100
    room: int = 10 * 10**9


Source: TypeAlias = SlidesFolder | EarlierRun


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pretraining that has all it needs on this machine.

    Attributes:
        tiles: what it looks at.
        config: all its settings.
        backbone: how it is done.
        asked: the same, for a later job that goes on.
        item: of the run, its id and name; None for a run that starts.
    """

    tiles: GroundTiles
    config: PretrainingConfig
    backbone: BackboneRequest
    asked: AskedPretraining
    item: tuple[str, str] | None = None


def prepare(
    source: Source, backbone: BackboneRequest, session: Session, scratch: Path, progress: Progress
) -> Prepared:
    """Fetch what a pretraining looks at.

    Raises:
        InputError: there is no such thing, no slide can serve, or a run cannot go on as asked for.
        ArchiveError: the archive does not answer.
        OutputError: the scratch folder cannot take it.
        Cancelled: the progress asked to stop.
    """
    if isinstance(source, EarlierRun):
        return _resumed(source, backbone, session, scratch, progress)
    config = require_usable(backbone)
    require_startable(backbone, config)
    wishes = ArchiveWishes(
        folder_id=source.id,
        tiles=TileWishes(mpp=config.mpp, side=config.tile_size, slide_mpp=source.slide_mpp),
        subfolders=source.subfolders,
        fields=source.fields,
        room=source.room,
        seed=backbone.seed,
    )
    slides = slides_wanted(session, wishes)
    wishes = replace(wishes, fields=fields_with_room(wishes, len(slides), scratch))
    weights = backbone.initial_weights
    asked = AskedPretraining(
        config=config,
        folder_id=source.id,
        slide_ids=tuple(one.id for one in slides),
        subfolders=source.subfolders,
        slide_mpp=source.slide_mpp,
        fields=wishes.fields,
        seed=backbone.seed,
        initial_weights=None if weights is None else Path(weights).name,
    )
    return Prepared(
        archive_tiles(session, slides, wishes, scratch, progress), config, backbone, asked
    )


def _resumed(
    source: EarlierRun,
    backbone: BackboneRequest,
    session: Session,
    scratch: Path,
    progress: Progress,
) -> Prepared:
    """Return a run as its last state in the archive left it."""
    item, files = item_to_go_on(session, source.id, "pretraining")
    path = scratch / CHECKPOINT
    session.download(files[CHECKPOINT].id, path, files[CHECKPOINT].size)
    asked = unpack_checkpoint(path, PretrainingFolder(backbone.out))
    path.unlink()
    request = _as_before(backbone, asked)
    require_startable(request, asked.config)
    wishes = ArchiveWishes(
        folder_id=asked.folder_id,
        tiles=TileWishes(
            mpp=asked.config.mpp, side=asked.config.tile_size, slide_mpp=asked.slide_mpp
        ),
        slide_ids=asked.slide_ids,
        fields=asked.fields,
        seed=asked.seed,
    )
    slides = slides_wanted(session, wishes)
    tiles = archive_tiles(session, slides, wishes, scratch, progress)
    return Prepared(tiles, asked.config, request, asked, (item["_id"], item["name"]))


def _as_before(backbone: BackboneRequest, asked: AskedPretraining) -> BackboneRequest:
    """Return how to go on with a run, which is as it was begun; what was left open is as it was then.

    Raises:
        InputError: something else was asked for than then, or something has to be given again.
    """
    now, usual = chosen_settings(backbone.wishes), chosen_settings(SettingsWishes())
    require_as_before(
        Wish(
            name.replace("_", " "),
            getattr(now, name),
            getattr(asked.config, name),
            getattr(usual, name),
        )
        for name in SettingsWishes.__dataclass_fields__
    )
    require_as_before([Wish("seed", backbone.seed, asked.seed, usual=0)])
    require_chosen_again("weights", backbone.initial_weights, asked.initial_weights)
    return replace(backbone, seed=asked.seed, resume=True)
