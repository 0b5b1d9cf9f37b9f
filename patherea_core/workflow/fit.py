"""Train a detector on a dataset folder: read, learn, keep the best state, write the model bundle."""

import logging
from pathlib import Path

import torch

from patherea_core.checkpoint import BundleCard, save_bundle
from patherea_core.data.division import by_fold
from patherea_core.data.store import read_manifest
from patherea_core.errors import Cancelled
from patherea_core.progress import Part, Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.devices import resolve_device
from patherea_core.workflow.initialisation import origin_of, start_from, weights_to_start_from
from patherea_core.workflow.learner import Learner
from patherea_core.workflow.lightning_trainer import train, trainer_for
from patherea_core.workflow.outcome import best_bundle, save_best_so_far
from patherea_core.workflow.reading import read_division
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run_folder import RunFolder
from patherea_core.workflow.run_identity import RunIdentity
from patherea_core.workflow.tiles import Tiles

__all__ = ["FitRequest", "fit", "save_best_so_far"]

log = logging.getLogger(__name__)

#: Mean F1 on the validation fold below which a model is of no use to anybody.
_USELESS = 0.1

#: Share of the progress that is given to reading the dataset.
_READING = 0.05


def fit(request: FitRequest, progress: Progress) -> Path:
    """Train as requested and return the path of the model bundle.

    The same request gives the same weights on the same CPU. After every epoch the state is kept, so
    that a run that was stopped or killed loses at most one.

    Raises:
        DatasetError: the dataset is broken, or a fold is empty.
        InputError: the run folder is in the way or cannot be resumed as requested, the seed or the
            device is none, or the backbone's weights are missing, superfluous or do not fit.
        OutputError: the run folder cannot be written.
        TrainingError: the loss or a weight became no number; the last complete epoch is kept.
        Cancelled: the progress asked to stop; the last complete epoch is kept in the run folder.
    """
    seed = Seed(request.seed)
    device = resolve_device(request.device)
    manifest = read_manifest(request.dataset)
    recipe, folder = request.recipe, RunFolder(request.run)
    weights = weights_to_start_from(recipe, request.backbone_weights)
    identity = RunIdentity.of(
        manifest, request.validation_fold, request.seed, request.division
    ).model_copy(update={"backbone_weights": origin_of(weights)})
    resumed = folder.require_usable(recipe, identity, resume=request.resume)
    reading = Part(progress, 0.0, _READING)
    division = request.division or by_fold(manifest, request.validation_fold)
    training, validation = read_division(request.dataset, manifest, division, reading)
    if not resumed:
        folder.begin(recipe, identity)
    torch.manual_seed(request.seed)
    learner = Learner(recipe, manifest.taxonomy, recipe.radius_um / manifest.mpp)
    start_from(weights, learner.network)
    tiles = Tiles(training, validation, recipe.training, seed)
    trainer = trainer_for(recipe, folder, device, Part(progress, _READING, 1.0))
    try:
        train(trainer, learner, tiles, folder.last if resumed else None)
    except Cancelled as stop:
        raise Cancelled(f"training was stopped {folder.how_far(recipe.training.epochs)}") from stop
    bundle = best_bundle(request, manifest, folder, {})
    save_bundle(folder.model, bundle)
    _warn_if_useless(bundle.card)
    return folder.model


def _warn_if_useless(card: BundleCard) -> None:
    score = card.metrics["validation_mean_f1"] or 0.0
    if score < _USELESS:
        log.warning(
            "the model hardly finds a cell (F1 %.2f on the validation fold); train for more epochs, "
            "or check the labels",
            score,
        )
