"""One process of a pretraining: what it has to read first, and one attempt to train with it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from patherea_core.data.finding import counted
from patherea_core.data.order import EpochOrder
from patherea_core.model.pretrained import BackboneWeights
from patherea_core.pretraining.building import build_masked_model
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.progress import Progress, Silent
from patherea_core.seeding import Seed
from patherea_core.workflow.engine.callbacks import CallersSignals, EpochsOwnChance
from patherea_core.workflow.engine.lightning_trainer import (
    Drive,
    keeping_the_last,
    quiet_trainer,
    train,
)
from patherea_core.workflow.engine.ranks import Place
from patherea_core.workflow.engine.reporting import Report
from patherea_core.workflow.engine.validation import Row
from patherea_core.workflow.pretraining.folder import PretrainingFolder
from patherea_core.workflow.pretraining.initial_weights import initial_weights
from patherea_core.workflow.pretraining.learner import Learner
from patherea_core.workflow.pretraining.loading import Loading
from patherea_core.workflow.pretraining.request import PretrainRequest
from patherea_core.workflow.pretraining.tiles import DrawnTiles, read_held_out

log = logging.getLogger(__name__)


class PretrainingReport(Report):
    """Tells of a pretraining as ``Report`` does of a training."""

    def scored(self, row: Row) -> tuple[str, float]:
        """Return the name and the value of what a look at the held-out tiles found."""
        return "held-out loss", row["held_out_loss"] or 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a pretraining needs besides its request.

    Attributes:
        held_out: (N, 3, S, S) uint8 tiles that are looked at after every epoch.
        weights: what the backbone starts from; None for chance.
    """

    held_out: Tensor
    weights: BackboneWeights | None

    @classmethod
    def read(
        cls, request: PretrainRequest, weights: BackboneWeights | None, progress: Progress
    ) -> "Material":
        """Return the material of a pretraining.

        Raises:
            InputError: the held-out tiles cannot be read.
            Cancelled: the progress asked to stop.
        """
        source = request.held_out or request.source
        held_out = read_held_out(source, request.config, Seed(request.seed), progress)
        return cls(held_out, weights)


@dataclass(frozen=True, slots=True)
class Following:
    """Another process of a pretraining.

    Attributes:
        request: what was asked for.
        at_once: tiles of a forward pass.
    """

    request: PretrainRequest
    at_once: int

    def __call__(self, place: Place, ready: Callable[[], None]) -> None:
        """Read what is needed, and train."""
        material = Material.read(self.request, weights_of(self.request), Silent())
        ready()
        attempt(self.request, material, place, self.at_once, [])


def weights_of(request: PretrainRequest) -> BackboneWeights | None:
    """Return the weights that the backbone starts from; None for chance.

    Raises:
        InputError: their licence was not accepted, or they cannot be fetched or read, or are of another
            network.
    """
    return initial_weights(request.config, request.backbone_weights, request.accepted_licences)


def new_model(request: PretrainRequest, weights: BackboneWeights | None) -> MaskedImageModel:
    """Return the model of a pretraining as it is before the first step.

    Raises:
        InputError: there is no such backbone, the settings do not suit it, or the weights do not fit.
    """
    model = build_masked_model(request.config)
    if weights is not None:
        model.load_backbone_state(weights.state)
        for buffer, values in ((model.mean, weights.mean), (model.std, weights.std)):
            buffer.copy_(torch.tensor(values).reshape(buffer.shape))
    return model


def attempt(
    request: PretrainRequest,
    material: Material,
    place: Place,
    at_once: int,
    reports: list[Callback],
) -> None:
    """Train to the end: from the kept state on if there is one, or else from the beginning.

    Args:
        request: what was asked for.
        material: what was read for it.
        place: where this process stands among those that train together.
        at_once: tiles of a forward pass, a part of the batch that divides it evenly.
        reports: what is to be told of the training.

    Raises:
        InputError: a tile cannot be read, or the weights to start from do not fit.
        Cancelled: somebody asked to stop.
        TrainingError: the loss or a weight is no number any more.
    """
    config, seed = request.config, Seed(request.seed)
    folder = PretrainingFolder(request.run)
    torch.manual_seed(request.seed)
    learner = Learner(config, new_model(request, material.weights), seed)
    if place.rank == 0:
        _say_what_is_trained(request, learner.model)
    drive = Drive(
        epochs=config.epochs,
        precision=config.precision,
        passes=config.batch_size // at_once,
        gradient_clip=config.gradient_clip,
    )
    callbacks = [CallersSignals(), EpochsOwnChance(seed), *reports]
    trainer = quiet_trainer(
        drive, folder.path, place, [*callbacks, keeping_the_last(folder.checkpoints)]
    )
    loading = Loading(
        DrawnTiles(request.source, config, seed),
        material.held_out,
        (at_once, config.tile_size),
        lambda rank, devices: EpochOrder(config.tiles_per_epoch, seed, rank=rank, devices=devices),
        request.workers,
    )
    train(trainer, learner, loading, folder.last if folder.last.exists() else None)


def _say_what_is_trained(request: PretrainRequest, model: MaskedImageModel) -> None:
    config = request.config
    log.info(
        "%s pretrains %s, %s parameters with what fills in, on %s: %s of %s, seed %d;"
        " held-out loss on %s",
        *(config.method, config.backbone),
        f"{sum(parameter.numel() for parameter in model.parameters()):,}",
        request.source.describe(),
        counted(config.epochs, "epoch", "epochs"),
        counted(config.tiles_per_epoch, "tile", "tiles"),
        request.seed,
        request.held_out_words,
    )
