"""What the card of a trained model says of its training, and the words that train the same again."""

import shlex
from typing import Any

from plugin import provenance
from plugin.commands.recipe_file import DEFAULT_RECIPE
from plugin.commands.train_request import TrainRequest
from plugin.models.finding import word_for


def provenance_of(request: TrainRequest, fold: str) -> dict[str, Any]:
    """Return what the card of a model says of how it came about.

    Args:
        request: what was asked for.
        fold: the name of the part of the dataset that is validated on.
    """
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
