"""Train a detector: from a dataset, as a folder or one file, to a model bundle."""

import shutil
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from patherea_core.config import Recipe
from patherea_core.data.label_checks import fold_name
from patherea_core.data.store import read_manifest
from patherea_core.data.validation_choice import validation_fold
from patherea_core.errors import Cancelled
from patherea_core.files import replacing, require_writable
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.devices import require_devices
from patherea_core.workflow.fit import FitRequest, fit, save_best_so_far
from patherea_core.workflow.run.folder import RunFolder
from plugin.commands.train_dataset import NOTHING, dataset_folder
from plugin.commands.train_duration import DurationFirst, warn_if_long
from plugin.commands.train_request import TrainRequest
from plugin.commands.train_settings import say_which_backbone, settings_of
from plugin.commands.train_words import provenance_of

__all__ = ["TrainRequest", "require_usable", "run"]


def run(request: TrainRequest, progress: Progress) -> Path:
    """Train as requested and return the path of the model bundle in the run folder.

    A training that is stopped delivers the best state so far to the second places, if they are given.

    Raises:
        InputError: the dataset, the run folder or a setting cannot serve.
        OutputError: the results cannot be written.
        TrainingError: the training went astray.
        Cancelled: the progress asked to stop; the message says what was delivered.
    """
    recipe = require_usable(request)
    say_which_backbone(request, recipe)
    with dataset_folder(request.dataset, progress) as (dataset, rest):
        manifest = read_manifest(dataset)
        fold = validation_fold(manifest, request.fold)
        wanted = FitRequest(
            dataset=dataset,
            run=request.out,
            recipe=recipe,
            validation_fold=fold,
            backbone_weights=request.backbone_weights,
            base_model=request.base_model,
            accepted_licences=request.foundation.accepted_licences,
            device=request.device,
            devices=request.devices,
            workers=request.workers,
            seed=request.seed,
            resume=request.resume,
            provenance=provenance_of(request, recipe, fold_name(manifest, fold)),
            words=request.words,
        )
        duration = partial(warn_if_long, wanted, manifest, request.recipe_name)
        try:
            model = fit(wanted, DurationFirst(rest, duration))
        except Cancelled as stop:
            raise Cancelled(f"{stop}; {_kept(request, wanted)}") from stop
    _deliver(request.run_files)
    return model


def require_usable(request: TrainRequest) -> Recipe:
    """Check before long work all that can be checked without the dataset; return the settings.

    Raises:
        InputError: a setting, the base model, the weights or the device cannot serve.
        OutputError: the results cannot be written.
    """
    recipe = settings_of(request)
    Seed(request.seed)  # refuses what is none
    require_devices(request.device, request.devices)
    for _, path in request.run_files:
        if path is not None:
            require_writable(path)
    return recipe


def _kept(request: TrainRequest, wanted: FitRequest) -> str:
    """Deliver what a training that was stopped has to show, and return what that is, in words."""
    if request.model_out is None:
        if not RunFolder(request.out).last.exists():
            return "nothing of it is kept"
        return f"the state is kept in {request.out}; to go on: patherea train … --resume"
    if not save_best_so_far(wanted, request.model_out):
        return NOTHING
    _deliver(request.run_files[1:])
    return f"the best state until then is {request.model_out}"


def _deliver(files: Iterable[tuple[Path, Path | None]]) -> None:
    """Copy files of the run folder to where else they go."""
    for source, path in files:
        if path is not None:
            with replacing(path) as temporary:
                shutil.copyfile(source, temporary)
