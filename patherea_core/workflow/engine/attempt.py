"""One process of a training: what it has to read first, and one attempt to train with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from patherea_core.data.cache import Labelled, labels_of
from patherea_core.data.fold_checks import class_counts, require_trainable
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import Sample
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.initialisation import Beginning, start_from
from patherea_core.workflow.engine.learner import Learner
from patherea_core.workflow.engine.lightning_trainer import train, trainer_for
from patherea_core.workflow.engine.memory import memory_for_samples
from patherea_core.workflow.engine.objectives import objective_of, reach_of
from patherea_core.workflow.engine.ranks import Place
from patherea_core.workflow.engine.tiles import Tiles
from patherea_core.workflow.reading import read_division
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.announcement import say_what_is_trained
from patherea_core.workflow.run.folder import RunFolder


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a training needs besides its request: all that is read before its first step.

    Attributes:
        manifest: of the dataset.
        training: samples to train on.
        validation: samples to validate on.
        beginning: what the network starts from; None for chance.
    """

    manifest: Manifest
    training: Sequence[Sample]
    validation: Sequence[Sample]
    beginning: Beginning

    @classmethod
    def read(
        cls,
        request: FitRequest,
        manifest: Manifest,
        beginning: Beginning,
        devices: int,
        progress: Progress,
    ) -> "Material":
        """Return the material of a training.

        Args:
            request: what was asked for.
            manifest: of the dataset.
            beginning: what the network starts from.
            devices: processes that share the memory of the machine, a device each.
            progress: told before every sample.

        Raises:
            DatasetError: the dataset is broken, or cannot be learnt from.
            Cancelled: the progress asked to stop.
        """
        division = request.division_of(manifest)
        budget = memory_for_samples() // devices
        parts = read_division(request.dataset, manifest, division, progress, budget)
        training, validation = (labels_of(part) for part in parts)
        tile_size = request.recipe.training.tile_size
        require_trainable(training, validation, manifest.taxonomy, tile_size)
        return cls(manifest, *parts, beginning)


def attempt(
    request: FitRequest, material: Material, place: Place, at_once: int, reports: list[Callback]
) -> None:
    """Train to the end: from the kept state on if there is one, or else from the beginning.

    Args:
        request: what was asked for.
        material: what was read for it.
        place: where this process stands among those that train together.
        at_once: tiles of a forward pass.
        reports: what is to be told of the training.

    Raises:
        Cancelled: somebody asked to stop.
        TrainingError: the loss or a weight is no number any more.
    """
    recipe, manifest, folder = request.recipe, material.manifest, RunFolder(request.run)
    seed = Seed(request.seed)
    torch.manual_seed(request.seed)
    learner = Learner(recipe, manifest.taxonomy, manifest.mpp)
    if place.rank == 0:
        say_what_is_trained(request, learner.network, manifest.mpp)
    start_from(material.beginning, learner.network, manifest.taxonomy)
    if recipe.loss.logit_adjustment:
        prior = class_log_prior(labels_of(material.training), len(manifest.taxonomy))
        learner.objective = objective_of(recipe, prior)
    settings = recipe.training.model_copy(update={"batch_size": at_once})
    tiles = Tiles(
        material.training,
        material.validation,
        settings,
        seed,
        request.workers,
        reach_of(recipe),
    )
    trainer = trainer_for(recipe, seed, folder, place, reports, at_once)
    train(trainer, learner, tiles, folder.last if folder.last.exists() else None)


def class_log_prior(samples: Sequence[Labelled], class_count: int) -> Tensor:
    """Return the (T,) log of the share that each class has of the labelled cells.

    One cell is added to each class, so that a class without any has a share as well.
    """
    counts = class_counts(samples, class_count) + 1
    return torch.from_numpy(np.log(counts / counts.sum())).float()
