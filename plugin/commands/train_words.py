"""What the card of a trained model says of its training, and the words that train the same again."""

import shlex
from typing import Any

from patherea_core.config import Recipe
from plugin import provenance
from plugin.commands.train_request import TrainRequest
from plugin.models.finding import word_for


def provenance_of(request: TrainRequest, recipe: Recipe, fold: str) -> dict[str, Any]:
    """Return what the card of a model says of how it came about.

    Args:
        request: what was asked for.
        recipe: all settings that it came to.
        fold: the name of the part of the dataset that is validated on.
    """
    return {
        "program": provenance.program(),
        **provenance.build(),
        "created": provenance.now(),
        "recipe": request.recipe_name,
        "command": _command(request, recipe, fold),
    }


def _command(request: TrainRequest, recipe: Recipe, fold: str) -> str:
    """Return the words that train the same model again, without the folders of this machine."""
    words = ["patherea", "train", request.dataset.name, "--out", request.out.name]
    words += _network_words(request, recipe)
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


def _network_words(request: TrainRequest, recipe: Recipe) -> list[str]:
    """Return the words that say which network is trained, and from which model it starts."""
    words: list[str] = []
    if request.base_model is not None:
        words += ["--base-model", word_for(request.base_model)]
    if request.recipe_said is not None and not request.goes_by_weights:
        words += ["--recipe", request.recipe_said]
    if request.backbone is not None or request.goes_by_weights:
        words += ["--backbone", recipe.network.backbone]
    words += request.foundation.words()
    if request.model is not None:
        words += ["--model", request.model]
    return words
