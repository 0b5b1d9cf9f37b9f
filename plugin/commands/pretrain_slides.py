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
from plugin.commands.pretrain_source import (
    SlidesFolder,
    slides_now,
    slides_of_before,
    wishes_of,
    with_room,
)
from plugin.commands.run_item import CHECKPOINT, item_to_go_on
from plugin.dsa.session import Session
from plugin.pretraining.archive_fields import archive_tiles
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.settings_choice import SettingsWishes, chosen_settings

__all__ = ["Prepared", "SlidesFolder", "Source", "prepare"]


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
    slides, asked = slides_now(source, backbone, config, session)
    asked = with_room(asked, source, backbone, scratch)
    tiles = archive_tiles(session, slides, wishes_of(asked, backbone), scratch, progress)
    return Prepared(tiles, config, backbone, asked)


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
    slides = slides_of_before(asked, request, session, scratch)
    tiles = archive_tiles(session, slides, wishes_of(asked, request), scratch, progress)
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
