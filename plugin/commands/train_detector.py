"""Train a detector: from a dataset, as a folder or one file, to a model bundle."""

import logging
import shlex
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from patherea_core.bundle_card import BundleCard, CardWords
from patherea_core.bundle_file import read_card
from patherea_core.config import Model, Recipe
from patherea_core.data.label_checks import fold_name
from patherea_core.data.store import read_manifest
from patherea_core.data.validation_choice import validation_fold
from patherea_core.errors import Cancelled, InputError
from patherea_core.files import replacing, require_writable
from patherea_core.progress import Progress
from patherea_core.recipes import as_model
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.base_model import (
    require_model,
    require_network,
    require_no_other_weights,
)
from patherea_core.workflow.fit import FitRequest, fit, save_best_so_far
from patherea_core.workflow.run.folder import RunFolder
from plugin import provenance
from plugin.commands.foundation_choice import FoundationChoice
from plugin.commands.recipe_file import DEFAULT_RECIPE, recipe_for
from plugin.commands.train_dataset import NOTHING, dataset_folder
from plugin.commands.train_duration import DurationFirst, warn_if_long
from plugin.models.finding import word_for

log = logging.getLogger(__name__)

#: Stains that the stain jitter of a training can separate.
_SEPARABLE = ("H&E", "H-DAB")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What to train on, and how.

    Attributes:
        dataset: a dataset, as a folder or as one file.
        out: the folder of the run.
        recipe: name of the settings, or a JSON file of them like a run's recipe.json; None takes those
            of the base model, and without one those of the small network.
        model: kind of network, p2p or fcrn; None takes the recipe's.
        foundation: a foundation model that takes the place of the recipe's backbone, and accepted licences.
        epochs: passes over the dataset; None takes the recipe's.
        backbone_weights: what the backbone starts from, for a recipe that starts from pretrained weights: a
            file, or "hub" to fetch them by the backbone's name.
        base_model: a trained model, the bundle, whose weights the whole network starts from; None trains
            anew.
        device: auto, cpu or cuda.
        devices: how many GPUs train together; 0 takes all there are.
        workers: processes that prepare tiles; None takes what suits the machine.
        seed: root of all random choices.
        resume: go on with the run in ``out``.
        fold: the part of the dataset that chooses the best state, by its number or name; None takes the
            one that is named for it, else the first.
        words: what the model's card says in words; its stain is also what the stain jitter separates.
        model_out: a second place for the model; likewise the next two.
        curves_out: for the picture of the training.
        metrics_out: for the table of the training.
    """

    dataset: Path
    out: Path
    recipe: str | None = None
    model: Model | None = None
    foundation: FoundationChoice = field(default_factory=FoundationChoice)
    epochs: int | None = None
    backbone_weights: Path | Literal["hub"] | None = None
    base_model: Path | None = None
    device: str = "auto"
    devices: int = 1
    workers: int | None = None
    seed: int = 0
    resume: bool = False
    fold: int | str | None = None
    words: CardWords = field(default_factory=CardWords)
    model_out: Path | None = None
    curves_out: Path | None = None
    metrics_out: Path | None = None

    @property
    def recipe_name(self) -> str:
        """What the recipe is called."""
        named = self.foundation.recipe_or(self.recipe)
        if named is not None:
            return Path(named).name
        return DEFAULT_RECIPE if self.base_model is None else "of the base model"

    @property
    def run_files(self) -> tuple[tuple[Path, Path | None], ...]:
        """Files of the run folder, the model first, and where else they go."""
        return (
            (self.out / "model.safetensors", self.model_out),
            (self.out / "curves.png", self.curves_out),
            (self.out / "metrics.csv", self.metrics_out),
        )


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
            provenance=_provenance(request, fold_name(manifest, fold)),
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
        InputError: a setting or the base model cannot serve.
        OutputError: the results cannot be written.
    """
    recipe = _recipe(request)
    Seed(request.seed)  # refuses what is none
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


def _recipe(request: TrainRequest) -> Recipe:
    base = None if request.base_model is None else read_card(request.base_model)
    recipe = recipe_for(request.foundation.recipe_or(request.recipe), base)
    if base is not None:
        require_model(request.model, base)
    if request.model is not None:
        recipe = as_model(recipe, request.model)
    recipe = request.foundation.applied_to(recipe, on_base_model=base is not None)
    if base is not None:
        _require_fitting(request, recipe, base)
    changes: dict[str, Any] = {}
    if request.epochs is not None:
        if request.epochs < 1:
            raise InputError(f"--epochs must be at least 1, not {request.epochs}")
        changes["epochs"] = request.epochs
    if request.words.stain in _SEPARABLE:
        changes["stain"] = request.words.stain
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=changes)})


def _require_fitting(request: TrainRequest, recipe: Recipe, base: BundleCard) -> None:
    """Refuse what contradicts the base model before the long work, and warn of other terms than its own."""
    require_network(recipe.network, base)
    require_no_other_weights(base, request.backbone_weights)
    own = request.words.licence
    if own and base.licence and own != base.licence:
        log.warning(
            "the terms of the base model (%s) hold for what is trained from it too; the card says %s besides",
            base.licence,
            own,
        )


def _provenance(request: TrainRequest, fold: str) -> dict[str, Any]:
    return {
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "recipe": request.recipe_name,
        "command": _command(request, fold),
    }


def _command(request: TrainRequest, fold: str) -> str:
    """Return the words that train the same model again, without the folders of this machine."""
    words = ["patherea", "train", request.dataset.name, "--out", request.out.name]
    if request.base_model is not None:
        words += ["--base-model", word_for(request.base_model)]
    if request.recipe is not None or request.base_model is None:
        words += ["--recipe", request.foundation.recipe_or(request.recipe) or DEFAULT_RECIPE]
    words += request.foundation.words()
    if request.model is not None:
        words += ["--model", request.model]
    words += ["--fold", fold, "--seed", str(request.seed)]
    if request.epochs is not None:
        words += ["--epochs", str(request.epochs)]
    if request.backbone_weights is not None:
        source = request.backbone_weights
        words += ["--backbone-weights", source if isinstance(source, str) else source.name]
    if request.devices != 1:
        words += ["--devices", str(request.devices)]
    if request.words.stain is not None:
        words += ["--stain", request.words.stain]
    return shlex.join(words)
