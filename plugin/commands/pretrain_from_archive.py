"""Pretrain on the slides of an archive's folder from a shell: the run stays on this machine.

So do the fields of its slides, and which slides these are: a run goes on without fetching them again, and
whatever has come into their folder since.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from patherea_core.data.finding import counted
from patherea_core.errors import Cancelled
from patherea_core.files import writing
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.progress import Part, Progress
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from plugin.commands.pretrain_backbone import (
    BackboneRequest,
    kept,
    of_complete_run,
    pretrain_on,
    require_startable,
    require_usable,
    words_of,
)
from plugin.commands.pretrain_checkpoint import AskedPretraining, read_asked, write_asked
from plugin.commands.pretrain_source import (
    SlidesFolder,
    slides_now,
    slides_of_before,
    wishes_of,
    with_room,
)
from plugin.dsa.items import SlideItem
from plugin.dsa.session import Session, connect
from plugin.pretraining.archive_fields import archive_tiles
from plugin.pretraining.kept_fields import forget_unreadable, slides_with_fields

#: Share of the progress that is given to the slides.
_FETCHING = 0.2

#: Where in the folder of the run the fields of the slides lie.
_FIELDS = "fields"


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderRequest:
    """What to pretrain on in an archive, and how.

    Attributes:
        api_url: the archive's REST interface.
        token: of the archive.
        folder_id: the folder that the slides lie in.
        backbone: how to pretrain.
        subfolders: whether the slides of the folders below it are taken, too.
        slide_mpp: micrometres per base pixel of slides that do not say.
        fields: that are kept of each slide, in the folder of the run.
        room: bytes that all fields may take; None for half of what the disk has.
    """

    api_url: str
    token: str
    folder_id: str
    backbone: BackboneRequest
    subfolders: bool = False
    slide_mpp: float | None = None
    fields: int = 100
    room: int | None = None


def run(request: FolderRequest, progress: Progress) -> Path:
    """Pretrain as requested and return the path of the backbone in the run folder.

    Raises:
        InputError: the folder, its slides, the run folder or a setting cannot serve.
        ArchiveError: the archive does not answer.
        OutputError: the results cannot be written.
        TrainingError: the pretraining went astray.
        Cancelled: the progress asked to stop; the message says how to go on.
    """
    config, own = require_usable(request.backbone), request.backbone
    folder = SlidesFolder(
        id=request.folder_id,
        subfolders=request.subfolders,
        slide_mpp=request.slide_mpp,
        fields=request.fields,
        room=request.room,
    )
    before = read_asked(PretrainingFolder(own.out))
    command = words_from_folder(_as_cut(folder, before), own, config)
    if (backbone := of_complete_run(own, config, command, progress)) is not None:
        return backbone
    require_startable(own, config)
    before = _usable(before, folder, own, config)
    session = connect(request.api_url, request.token)
    place = own.out / _FIELDS
    if before is not None and own.resume:
        slides, asked = slides_of_before(before, own, session, place), before
        _make(place)
    else:
        slides, asked = _begun(folder, own, config, session, before)
    command = words_from_folder(_as_cut(folder, asked), own, config)
    wishes = replace(wishes_of(asked, own), mpp_option="--slide-mpp")
    try:
        tiles = archive_tiles(session, slides, wishes, place, Part(progress, 0.0, _FETCHING))
        return pretrain_on(tiles, own, config, command, Part(progress, _FETCHING, 1.0))
    except Cancelled as stop:
        raise Cancelled(f"{stop}; {_kept(own.out)}") from stop


def _make(place: Path) -> None:
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)


def _begun(
    folder: SlidesFolder,
    own: BackboneRequest,
    config: PretrainingConfig,
    session: Session,
    before: AskedPretraining | None,
) -> tuple[tuple[SlideItem, ...], AskedPretraining]:
    """Return the slides of a run that starts, having noted in its folder which they are.

    Args:
        folder: that they lie in.
        own: how to pretrain.
        config: all settings.
        session: of the archive.
        before: what an attempt with the same words noted that did not come to the end of an epoch.
    """
    run_folder, place = PretrainingFolder(own.out), own.out / _FIELDS
    forget_unreadable(place)
    slides, asked = slides_now(folder, own, config, session)
    _make(place)
    if run_folder.last.exists():
        # An earlier version began it, which noted nothing and cut as many fields as were wanted.
        return slides, asked
    if before is not None and before.slide_ids == asked.slide_ids:
        # As many fields as then, which may be there, although the disk has other room now.
        asked = asked.model_copy(update={"fields": before.fields})
    else:
        asked = with_room(asked, folder, own, place)
    write_asked(run_folder, asked)
    return slides, asked


def _usable(
    before: AskedPretraining | None,
    folder: SlidesFolder,
    own: BackboneRequest,
    config: PretrainingConfig,
) -> AskedPretraining | None:
    """Return what was noted in the folder of the run, if it was asked for in the same words; else None.

    Raises:
        InputError: the words are others, and there is an epoch to go on from.
    """
    if before is None:
        return None
    told = {
        "folder": (before.folder_id, folder.id),
        "sub-folders": (before.subfolders, folder.subfolders),
        "slide mpp": (before.slide_mpp, folder.slide_mpp),
        "fields": (before.fields_wanted, folder.fields),
    }
    different = [f"{what} {then}, not {now}" for what, (then, now) in told.items() if then != now]
    run_folder = PretrainingFolder(own.out)
    if run_folder.last.exists():
        run_folder.require_none_different(different, (config.epochs, config.epochs))
        return before
    same = not different and (before.config, before.seed) == (config, own.seed)
    return before if same else None


def _as_cut(folder: SlidesFolder, asked: AskedPretraining | None) -> SlidesFolder:
    """Return the folder with as many fields as there was room for, if that is known of such a folder."""
    if asked is None or asked.fields_wanted != folder.fields:
        return folder
    return replace(folder, fields=asked.fields)


def _kept(out: Path) -> str:
    """Return what there is of a pretraining that was stopped, in words."""
    slides = slides_with_fields(out / _FIELDS)
    if PretrainingFolder(out).last.exists() or not slides:
        return kept(out)
    return (
        f"the fields of {counted(slides, 'slide', 'slides')} are kept in {out / _FIELDS}; the same command"
        " goes on from them"
    )


def words_from_folder(
    folder: SlidesFolder, backbone: BackboneRequest, config: PretrainingConfig
) -> list[str]:
    """Return the words that pretrain the same backbone again, but for where the archive is, and its token.

    Args:
        folder: the slides; the room for their fields is not among the words, since it only bounds how many
            fields there are.
        backbone: how to pretrain.
        config: all settings.
    """
    words = ["patherea", "pretrain", "--folder", folder.id, "--fields", str(folder.fields)]
    if folder.subfolders:
        words.append("--subfolders")
    if folder.slide_mpp is not None:
        words += ["--slide-mpp", str(folder.slide_mpp)]
    return [*words, *words_of(backbone, config)]
