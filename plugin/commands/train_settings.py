"""All settings of a training, from the few words that a person says of them."""

import logging
from typing import Any

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import read_card
from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.recipes import as_model
from patherea_core.workflow.engine.base_model import (
    require_model,
    require_network,
    require_no_other_weights,
)
from plugin.commands.recipe_file import recipe_for
from plugin.commands.train_request import TrainRequest

log = logging.getLogger(__name__)

#: Stains that the stain jitter of a training can separate.
_SEPARABLE = ("H&E", "H-DAB")


def settings_of(request: TrainRequest) -> Recipe:
    """Return all settings of a training.

    Raises:
        InputError: a setting is none, or contradicts another or the base model.
    """
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
