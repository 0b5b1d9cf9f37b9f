"""One process of a training: what it has to read first, and one attempt to train with it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from patherea_core.data.division import by_fold
from patherea_core.data.manifest import Manifest
from patherea_core.data.store import Sample
from patherea_core.progress import Progress
from patherea_core.seeding import Seed
from patherea_core.workflow.initialisation import start_from
from patherea_core.workflow.learner import Learner
from patherea_core.workflow.lightning_trainer import train, trainer_for
from patherea_core.workflow.ranks import Place
from patherea_core.workflow.reading import read_division
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run_folder import RunFolder
from patherea_core.workflow.tiles import Tiles

if TYPE_CHECKING:
    from patherea_core.model.pretrained import BackboneWeights


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a training needs besides its request: all that is read before its first step.

    Attributes:
        manifest: of the dataset.
        training: samples to train on.
        validation: samples to validate on.
        weights: what the backbone starts from; None for chance.
    """

    manifest: Manifest
    training: list[Sample]
    validation: list[Sample]
    weights: "BackboneWeights | None"

    @classmethod
    def read(
        cls,
        request: FitRequest,
        manifest: Manifest,
        weights: "BackboneWeights | None",
        progress: Progress,
    ) -> "Material":
        """Return the material of a training.

        Raises:
            DatasetError: the dataset is broken, or a fold is empty.
            Cancelled: the progress asked to stop.
        """
        division = request.division or by_fold(manifest, request.validation_fold)
        parts = read_division(request.dataset, manifest, division, progress)
        return cls(manifest, *parts, weights)


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
    learner = Learner(recipe, manifest.taxonomy, recipe.radius_um / manifest.mpp)
    start_from(material.weights, learner.network)
    if recipe.loss.logit_adjustment:
        learner.class_log_prior = class_log_prior(material.training, len(manifest.taxonomy))
    settings = recipe.training.model_copy(update={"batch_size": at_once})
    tiles = Tiles(material.training, material.validation, settings, seed, request.workers)
    trainer = trainer_for(recipe, seed, folder, place, reports, at_once)
    train(trainer, learner, tiles, folder.last if folder.last.exists() else None)


def class_log_prior(samples: list[Sample], class_count: int) -> Tensor:
    """Return the (T,) log of the share that each class has of the labelled cells.

    One cell is added to each class, so that a class without any has a share as well.
    """
    counts = np.ones(class_count)
    for sample in samples:
        counts += np.bincount(sample.points.class_index, minlength=class_count)
    return torch.from_numpy(np.log(counts / counts.sum())).float()
