"""Pretrain on the slides of an archive's folder from a shell: the run stays on this machine."""

from dataclasses import dataclass
from pathlib import Path

from patherea_core.errors import Cancelled
from patherea_core.files import writing
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.progress import Part, Progress
from plugin.commands.pretrain_backbone import (
    BackboneRequest,
    kept,
    of_complete_run,
    pretrain_on,
    require_startable,
    require_usable,
    words_of,
)
from plugin.commands.pretrain_slides import SlidesFolder
from plugin.dsa.session import connect
from plugin.pretraining.archive_fields import ArchiveWishes, archive_tiles, slides_wanted
from plugin.pretraining.finding import TileWishes

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
    """

    api_url: str
    token: str
    folder_id: str
    backbone: BackboneRequest
    subfolders: bool = False
    slide_mpp: float | None = None
    fields: int = 100


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
    )
    command = words_from_folder(folder, own, config)
    if (backbone := of_complete_run(own, config, command, progress)) is not None:
        return backbone
    require_startable(own, config)
    session = connect(request.api_url, request.token)
    wishes = ArchiveWishes(
        folder_id=request.folder_id,
        tiles=TileWishes(mpp=config.mpp, side=config.tile_size, slide_mpp=request.slide_mpp),
        subfolders=request.subfolders,
        fields=request.fields,
        seed=own.seed,
    )
    slides = slides_wanted(session, wishes)
    place = own.out / _FIELDS
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
    try:
        tiles = archive_tiles(session, slides, wishes, place, Part(progress, 0.0, _FETCHING))
        return pretrain_on(tiles, own, config, command, Part(progress, _FETCHING, 1.0))
    except Cancelled as stop:
        raise Cancelled(f"{stop}; {kept(own.out)}") from stop


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
