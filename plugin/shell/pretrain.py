"""``patherea pretrain``: images and slides without labels become a backbone to start a training from."""

import argparse
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from patherea_core.errors import InputError
from patherea_core.model.weight_places import require_weights_file
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from plugin.shell.parser import (
    Options,
    Subcommand,
    add_accepted_licences,
    add_device,
    add_seed,
    token,
    weights_source,
)

if TYPE_CHECKING:  # it loads torch
    from plugin.commands.pretrain_backbone import BackboneRequest

log = logging.getLogger(__name__)

_LONG = """\
Let a backbone look at images and slides that nobody labelled: parts of tiles are hidden, and it learns to
fill them in. A detector that starts from it may need fewer labels; whether it does is to be measured on
your own. The run folder holds the backbone (backbone.safetensors), curves, pictures of what was filled
in, and the state to resume from; a run that was stopped loses at most one epoch."""

#: Fields of a slide of an archive.
_FIELDS = 100

_MORE = """\
SOURCE is an image, a slide, a folder of them, a list (.txt, or .csv with columns slide and mpp) or the
folder of a dataset. Images of up to 4 megapixels are taken whole, unless they are blank; on larger
ones tissue is looked for, and tiles lie on it. Leave out what a detector is to be tested on.

To go on: patherea train DATASET --out RUN --backbone-weights BACKBONE/backbone.safetensors, where
BACKBONE is the folder of this run."""


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "sources",
        metavar="SOURCE",
        type=Path,
        nargs="*",
        help="images, slides, folders or lists of them, folders of datasets",
    )
    add("--out", metavar="RUN", type=Path, required=True, help="the folder of the run")
    add("--resume", action="store_true", help="go on with the run in RUN")
    _add_archive(parser.add_argument_group("archive, instead of SOURCE"))
    _add_tiles(parser.add_argument_group("tiles"))
    _add_backbone(parser.add_argument_group("backbone"))
    add_seed(parser)
    add_device(parser)
    add("--devices", metavar="N", type=int, default=1, help="GPUs; 0 for all (default: 1)")
    add("--workers", metavar="N", type=int, help="processes that read tiles (default: chosen)")


def _add_archive(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--folder", metavar="ID", help="a folder of slides; fields of them are kept in RUN")
    add("--subfolders", action="store_true", help="those of all folders below it, too")
    add("--fields", metavar="N", type=int, help=f"of each slide (default: {_FIELDS})")
    add("--api-url", metavar="URL", help="the archive's address, ending in /api/v1")
    add(
        "--token",
        default=os.environ.get("PATHEREA_TOKEN"),
        help="its token; better in the environment variable PATHEREA_TOKEN, which no process list shows",
    )


def _add_tiles(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--mpp", metavar="UM", type=float, help="their pixel size (default: 0.5)")
    add(
        "--slide-mpp",
        metavar="UM",
        type=float,
        help="pixel size of images that do not say; goes before what a slide says",
    )
    add("--tile", metavar="PX", type=int, help="side of a tile (default: 224)")
    add("--epochs", metavar="N", type=int, help="how often tiles are drawn (default: 100)")
    add("--tiles-per-epoch", metavar="N", type=int, help="(default: 10000)")
    add("--batch-size", metavar="N", type=int, help="tiles of a step on each device")
    add(
        "--without-fold",
        metavar="N|NAME",
        action="append",
        default=[],
        help="leave a fold of datasets out, say the one to test on; may be repeated",
    )


def _add_backbone(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--backbone",
        metavar="NAME",
        help="what timm calls it (default: mobilenetv2_100, that of the recipe small-pretrained)",
    )
    add(
        "--method",
        choices=("spark", "mae"),
        help="spark for convolutional networks, mae for vision transformers (default: what suits)",
    )
    add("--mask-ratio", metavar="SHARE", type=float, help="hidden (default: as published)")
    add(
        "--learning-rate",
        metavar="RATE",
        type=float,
        help="the highest (default: 0.001 for the default backbone, else 0.00015)",
    )
    add(
        "--initial-weights",
        metavar="FILE|hub",
        type=weights_source,
        help="pretrained weights that the backbone starts from (default: none)",
    )
    add_accepted_licences(group)
    add("--licence", metavar="NAME", help="terms of the images, and so of what is learnt from them")


def _require_known(options: Options) -> None:
    """Refuse what is cheap to see, before torch is loaded, which takes seconds.

    Raises:
        InputError: the seed is none, a file is missing, or nothing is named, or too much.
    """
    Seed(options.seed)
    if bool(options.sources) == bool(options.folder):
        raise InputError("name what to look at: either SOURCEs or a --folder of an archive")
    if options.folder and not options.api_url:
        raise InputError("--folder needs --api-url, the archive's address")
    if options.sources and (options.subfolders or options.fields is not None):
        raise InputError(
            "--subfolders and --fields are of a --folder of an archive; leave them out, and name the"
            " sub-folders as SOURCEs"
        )
    if options.fields is not None and options.fields < 1:
        raise InputError(f"--fields must be at least 1, not {options.fields}")
    for path in options.sources:
        if not path.exists():
            raise InputError(f"there is no {path}; check its path")
    weights = options.initial_weights
    if isinstance(weights, Path):
        require_weights_file(weights)


def _run(options: Options, progress: Progress) -> None:
    _require_known(options)
    from plugin.commands import pretrain_backbone as command
    from plugin.pretraining.settings_choice import DEFAULT_BACKBONE, SettingsWishes

    wishes = SettingsWishes(
        backbone=options.backbone or DEFAULT_BACKBONE,
        method=options.method,
        mpp=options.mpp,
        tile_size=options.tile,
        epochs=options.epochs,
        tiles_per_epoch=options.tiles_per_epoch,
        batch_size=options.batch_size,
        mask_ratio=options.mask_ratio,
        learning_rate=options.learning_rate,
    )
    backbone = command.BackboneRequest(
        out=options.out,
        wishes=wishes,
        initial_weights=options.initial_weights,
        accepted_licences=tuple(options.accept_licence),
        device=options.device,
        devices=options.devices,
        workers=options.workers,
        seed=options.seed,
        resume=options.resume,
        licence=options.licence,
    )
    if options.folder:
        log.info("the backbone is %s", _on_folder(options, backbone, progress))
        return
    request = command.FilesRequest(
        sources=tuple(options.sources),
        backbone=backbone,
        slide_mpp=options.slide_mpp,
        without_folds=tuple(options.without_fold),
    )
    log.info("the backbone is %s", command.run(request, progress))


def _on_folder(options: Options, backbone: "BackboneRequest", progress: Progress) -> Path:
    from plugin.commands import pretrain_from_archive as command

    request = command.FolderRequest(
        api_url=options.api_url,
        token=token(options),
        folder_id=options.folder,
        backbone=backbone,
        subfolders=options.subfolders,
        slide_mpp=options.slide_mpp,
        fields=options.fields or _FIELDS,
    )
    return command.run(request, progress)


SUBCOMMAND = Subcommand(
    "pretrain", "slides without labels -> backbone", _LONG, _add_options, _run, _MORE
)
