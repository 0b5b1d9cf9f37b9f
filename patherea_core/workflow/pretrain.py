"""Pretrain a backbone on tiles without labels: draw, hide, fill in, keep the state, write the backbone."""

import logging
from pathlib import Path

from patherea_core.errors import Cancelled, ScaleError
from patherea_core.model.pretrained import BackboneWeights
from patherea_core.model.timm_models import require_known
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.devices import device_count, resolve_device
from patherea_core.workflow.engine.back_off import with_less_memory
from patherea_core.workflow.engine.processes import together
from patherea_core.workflow.engine.reporting import TensorBoard
from patherea_core.workflow.pretraining.attempt import (
    Following,
    Material,
    PretrainingReport,
    attempt,
    new_model,
    weights_of,
)
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.identity import PretrainingIdentity
from patherea_core.workflow.pretraining.outcome import write_backbone
from patherea_core.workflow.pretraining.pictures import Pictures
from patherea_core.workflow.pretraining.request import PretrainRequest

__all__ = ["PretrainRequest", "pretrain"]

log = logging.getLogger(__name__)

#: Share of the progress that is given to reading the held-out tiles.
_READING = 0.05


def pretrain(request: PretrainRequest, progress: Progress) -> Path:
    """Pretrain as requested and return the path of the backbone's file.

    The file is that of the last epoch, and serves as weights that a detector starts from. A run that is
    complete already stays as it is. The same request gives the same weights on the same CPU. After every
    epoch the state is kept, so that a run that was stopped or killed loses at most one.

    Raises:
        InputError: the run folder is in the way or cannot be resumed as requested, the seed, the device,
            a setting or the backbone is none, the weights to start from do not fit, or a tile cannot be
            read.
        ScaleError: the tiles are of another scale than the settings say.
        OutputError: the run folder cannot be written.
        TrainingError: the loss or a weight became no number, or memory does not even suffice for a
            single tile; the last complete epoch is kept.
        Cancelled: the progress asked to stop; the last complete epoch is kept in the run folder, and the
            backbone that it left is written.
    """
    Seed(request.seed)  # refuses what is none, before the long work
    _require_sound(request)
    config, folder = request.config, PretrainingFolder(request.run)
    weights = weights_of(request)
    identity = _identity(request, weights)
    resumed = folder.require_usable(config, identity, resume=request.resume)
    if resumed and folder.is_complete(config):
        log.info("the run in %s is complete: nothing is left to train", request.run)
        return folder.backbone
    new_model(request, weights)  # refuses what does not fit, before anything is written
    device = resolve_device(request.device)
    devices = device_count(device.type, request.devices)
    material = Material.read(request, weights, Part(progress, 0.0, _READING))
    if not resumed:
        folder.begin(config, identity)
    rest = Part(progress, _READING, 1.0)

    def train(at_once: int) -> None:
        with together(Following(request, at_once), device.type, devices, rest) as place:
            reports = [PretrainingReport(rest, folder), TensorBoard(folder), Pictures(folder)]
            attempt(request, material, place, at_once, reports)

    try:
        with_less_memory(config.batch_size, train)
    except Cancelled as stop:
        if folder.last.exists():
            write_backbone(request, weights)
        raise Cancelled(f"pretraining was stopped {folder.how_far(config.epochs)}") from stop
    write_backbone(request, weights)
    return folder.backbone


def _require_sound(request: PretrainRequest) -> None:
    """Refuse what cannot be trained, before the long work."""
    config, source = request.config, request.source
    require_known(config.backbone, "--backbone")
    for tiles in (source, request.held_out or source):
        if abs(tiles.mpp - config.mpp) > 1e-6 * config.mpp:
            raise ScaleError(
                f"the tiles of {tiles.describe()} have {tiles.mpp:g} µm a pixel, and the settings say"
                f" {config.mpp:g}; give both the same mpp"
            )


def _identity(request: PretrainRequest, weights: BackboneWeights | None) -> PretrainingIdentity:
    return PretrainingIdentity(
        tiles_sha256=request.source.digest(),
        held_out_sha256=None if request.held_out is None else request.held_out.digest(),
        seed=request.seed,
        backbone_weights_sha256=None if weights is None else weights.sha256,
    )
