"""Pretrain a backbone: from images and slides that nobody labelled to a file that a training starts from."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from patherea_core.errors import Cancelled
from patherea_core.files import replacing, require_writable
from patherea_core.pretraining.building import require_suitable
from patherea_core.pretraining.settings import PretrainingConfig
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.devices import require_devices
from patherea_core.workflow.pretrain import PretrainRequest, pretrain
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.initial_weights import require_initial_weights
from plugin.commands.pretrain_complete import say_what_it_learnt_from
from plugin.commands.pretrain_request import BackboneRequest, FilesRequest
from plugin.commands.pretrain_words import provenance_of, words_from_files, words_of
from plugin.pretraining.finding import TileWishes, find_tiles
from plugin.pretraining.ground_tiles import GroundTiles
from plugin.pretraining.held_out import divided
from plugin.pretraining.settings_choice import chosen_settings, options_of

__all__ = [
    "BackboneRequest",
    "FilesRequest",
    "require_startable",
    "require_usable",
    "run",
    "words_of",
]

#: Share of the progress that is given to looking at the slides.
_LOOKING = 0.05


def run(request: FilesRequest, progress: Progress) -> Path:
    """Pretrain on files and return the path of the backbone in the run folder.

    Raises:
        InputError: the sources, the run folder or a setting cannot serve.
        OutputError: the results cannot be written.
        TrainingError: the pretraining went astray.
        Cancelled: the progress asked to stop; the message says how to go on.
    """
    config = require_usable(request.backbone)
    command = words_from_files(request, config)
    if (backbone := of_complete_run(request.backbone, config, command, progress)) is not None:
        return backbone
    require_startable(request.backbone, config)
    folder = PretrainingFolder(request.backbone.out)
    wishes = TileWishes(
        mpp=config.mpp,
        side=config.tile_size,
        slide_mpp=request.slide_mpp,
        without_folds=request.without_folds,
        enlarged=folder.goes_on_with_coarse(),
        blank=folder.goes_on_with_blank(),
    )
    source = find_tiles(request.sources, wishes, Part(progress, 0.0, _LOOKING))
    try:
        return pretrain_on(source, request.backbone, config, command, Part(progress, _LOOKING, 1.0))
    except Cancelled as stop:
        raise Cancelled(f"{stop}; {kept(request.backbone.out)}") from stop


def require_usable(request: BackboneRequest) -> PretrainingConfig:
    """Check before long work all that can be checked without the slides; return the settings.

    Raises:
        InputError: a setting cannot serve, the run folder holds a run, or none that goes on
            with these settings.
        OutputError: the results cannot be written.
    """
    config = require_sound(request)
    require_suitable(config)
    if request.resume:
        PretrainingFolder(request.out).require_same_words(config, request.seed)
    return config


def require_sound(request: BackboneRequest) -> PretrainingConfig:
    """Check what is the same for a run that takes its settings from an earlier job; return those asked for.

    Raises:
        InputError: a setting is none, or the run folder holds a run.
        OutputError: the results cannot be written.
    """
    config = chosen_settings(request.wishes, _options(request))
    Seed(request.seed)  # refuses what is none
    if request.backbone_out is not None:
        require_writable(request.backbone_out)
    if not request.resume:
        folder = PretrainingFolder(request.out)
        folder.goes_on(folder.settings, folder.backbone, resume=False)  # refuses one that is there
    return config


def _options(request: BackboneRequest) -> Mapping[str, Any] | None:
    """Return the options of the backbone in the run to go on with, or of its weights; None for the usual.

    Raises:
        InputError: the weights cannot be read.
    """
    backbone = request.wishes.backbone
    kept = PretrainingFolder(request.out).backbone_options(backbone) if request.resume else None
    if kept is None and request.initial_weights is not None:
        return options_of(request.initial_weights, backbone)
    return kept


def require_startable(request: BackboneRequest, config: PretrainingConfig) -> None:
    """Check what a run needs that has something left to do, before a slide is looked at.

    Raises:
        InputError: the device or the weights to start from cannot serve, or their licence was not accepted.
    """
    require_devices(request.device, request.devices)
    require_initial_weights(config, request.initial_weights, request.accepted_licences)


def of_complete_run(
    request: BackboneRequest, config: PretrainingConfig, command: Sequence[str], progress: Progress
) -> Path | None:
    """Return the backbone of a run that has nothing left to do, whose tiles need no look; else None.

    Args:
        request: how to pretrain.
        config: all settings.
        command: the words that were said, which may name something else than the run was made of.
        progress: told if nothing is left to do.

    Raises:
        OutputError: the backbone cannot be copied to its second place.
    """
    folder = PretrainingFolder(request.out)
    if not (request.resume and folder.is_complete(config)):
        return None
    say_what_it_learnt_from(folder, command)
    _deliver(request)
    progress.advance(1.0, "complete")
    return folder.backbone


def pretrain_on(
    source: GroundTiles,
    request: BackboneRequest,
    config: PretrainingConfig,
    command: Sequence[str],
    progress: Progress,
) -> Path:
    """Pretrain on tiles of a source, and return the path of the backbone in the run folder.

    Args:
        source: where tiles come from; of many slides a few are held out.
        request: how.
        config: all settings.
        command: the words that were said, for the record.
        progress: told how far it is.

    Raises:
        InputError: the run folder, the device or the weights to start from cannot serve.
        OutputError: the results cannot be written.
        TrainingError: the pretraining went astray.
        Cancelled: the progress asked to stop.
    """
    learnt, held_out = divided(source, PretrainingFolder(request.out), request.seed)
    wanted = PretrainRequest(
        source=learnt,
        held_out=held_out,
        run=request.out,
        config=config,
        backbone_weights=request.initial_weights,
        accepted_licences=request.accepted_licences,
        device=request.device,
        devices=request.devices,
        workers=request.workers,
        seed=request.seed,
        resume=request.resume,
        provenance=provenance_of(source, command),
    )
    if request.licence is not None:
        wanted = replace(wanted, licence=request.licence)
    try:
        return pretrain(wanted, progress)
    finally:
        _deliver(request)


def _deliver(request: BackboneRequest) -> None:
    """Copy the backbone to its second place, that of a pretraining that is stopped, too."""
    backbone = PretrainingFolder(request.out).backbone
    if request.backbone_out is not None and backbone.exists():
        with replacing(request.backbone_out) as temporary:
            shutil.copyfile(backbone, temporary)


def kept(out: Path) -> str:
    """Return what there is of a pretraining that was stopped, in words."""
    if not PretrainingFolder(out).last.exists():
        return "nothing of it is kept"
    return f"the state is kept in {out}; to go on: patherea pretrain … --resume"
