"""How long a training will take on a processor, which is told before it begins if it is hours."""

import logging
import time
from collections.abc import Callable

import torch

from patherea_core.config import Recipe
from patherea_core.data.finding import counted
from patherea_core.data.manifest import Manifest
from patherea_core.model.building import build_detector
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.progress import Progress, in_words
from patherea_core.workflow.request import FitRequest

log = logging.getLogger(__name__)

#: Seconds of a training that nobody has to be warned of.
_ENDURABLE = 2 * 3600.0

#: Steps of a network of at most so many parameters are too short to be worth a trial.
_SMALL = 10_000_000


class DurationFirst:
    """A progress before whose first word one is told how long the training takes.

    A training reports nothing before all is looked at that can refuse it, so that nobody is told the length
    of one that does not begin.
    """

    def __init__(self, progress: Progress, tell: Callable[[], None]) -> None:
        self._progress = progress
        self._tell = tell
        self._told = False

    def advance(self, fraction: float, message: str = "") -> None:
        """Report the fraction that is done; tell the duration if nothing was reported before."""
        if not self._told:
            self._told = True
            self._tell()
        self._progress.advance(fraction, message)


def warn_if_long(request: FitRequest, manifest: Manifest, recipe_name: str) -> None:
    """Warn of a training that takes hours on the processor, on which one tile is tried.

    Raises:
        InputError: there is no such backbone.
        DatasetError: there is nothing to train on.
    """
    if request.device == "cuda" or (request.device == "auto" and torch.cuda.is_available()):
        return
    tiles = tiles_of_epoch(request, manifest)
    settings = request.recipe.training
    seconds = settings.epochs * tiles * seconds_of_tile(request.recipe, len(manifest.taxonomy))
    if seconds > _ENDURABLE:
        log.warning(
            "there is no GPU for this training, and on the processor the recipe %s takes about %s (%s"
            " of %d tiles); give the job a GPU, or %s",
            recipe_name,
            in_words(seconds),
            counted(settings.epochs, "epoch", "epochs"),
            tiles,
            _remedy(request),
        )


def _remedy(request: FitRequest) -> str:
    """Return what makes a training shorter without a GPU, in words."""
    if request.base_model is not None:
        return "take fewer --epochs"
    if known_foundation(request.recipe.network.backbone) is not None:
        return "take a smaller foundation model or fewer --epochs"
    if request.backbone_weights is not None:
        return "take a smaller --backbone, fewer --epochs or, without weights, the recipe small"
    return "take the recipe small"


def tiles_of_epoch(request: FitRequest, manifest: Manifest) -> int:
    """Return about how many tiles an epoch has, taking images to be labelled all over.

    Raises:
        DatasetError: there is nothing to train on.
    """
    records = [manifest.samples[row] for row in request.division_of(manifest).training]
    side = request.recipe.training.tile_size
    return sum(max(1, round(one.width * one.height / side**2)) for one in records)


def seconds_of_tile(recipe: Recipe, class_count: int) -> float:
    """Return how long the network takes for a tile, there and back; 0 for a small one, which is not tried."""
    network = build_detector(recipe.network, class_count).eval()
    if sum(parameter.numel() for parameter in network.parameters()) <= _SMALL:
        return 0.0
    side = recipe.training.tile_size
    tile = torch.zeros(1, 3, side, side, dtype=torch.uint8)
    began = time.perf_counter()
    sum(one.sum() for one in network(tile).numbers()).backward()
    return time.perf_counter() - began
