"""All settings of a training, from the few words that a person says of them."""

import logging
from pathlib import Path
from typing import Any

from torch import nn

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import read_card
from patherea_core.config import NetworkConfig, Recipe
from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import of_form
from patherea_core.model.pretrained import described_part
from patherea_core.model.weight_files import BackboneCard, read_backbone_card
from patherea_core.model.weight_fitting import require_fitting
from patherea_core.recipes import as_model, mpp_of
from patherea_core.workflow.engine.base_model import (
    require_model,
    require_network,
    require_no_other_weights,
)
from plugin.commands.backbone_choice import at_one_rate, at_pixels_of, on_backbone, require_backbone
from plugin.commands.recipe_file import recipe_for
from plugin.commands.train_request import TrainRequest

log = logging.getLogger(__name__)

#: Stains that the stain jitter of a training can separate.
_SEPARABLE = ("H&E", "H-DAB")


def settings_of(request: TrainRequest) -> Recipe:
    """Return all settings of a training.

    Raises:
        InputError: a setting is none, or contradicts another, the base model or the backbone weights.
    """
    recipe = (
        _from_the_beginning(request)
        if request.base_model is None
        else _of_base(request, read_card(request.base_model))
    )
    changes: dict[str, Any] = {}
    if request.epochs is not None:
        if request.epochs < 1:
            raise InputError(f"--epochs must be at least 1, not {request.epochs}")
        changes["epochs"] = request.epochs
    if request.words.stain in _SEPARABLE:
        changes["stain"] = request.words.stain
    return recipe.model_copy(update={"training": recipe.training.model_copy(update=changes)})


def pixels_of(request: TrainRequest) -> float | None:
    """Return the micrometres a pixel that what a training starts from was made for; None if it does not say.

    Raises:
        InputError: the base model or the backbone weights cannot be read.
    """
    if request.base_model is not None:
        return read_card(request.base_model).mpp
    source = request.backbone_weights
    card = read_backbone_card(source) if isinstance(source, Path) else None
    return None if card is None or card.pretraining is None else card.pretraining.mpp


def say_which_backbone(request: TrainRequest, recipe: Recipe) -> None:
    """Log which recipe a training comes to, if its backbone is not the one that the recipe names itself."""
    if request.backbone is None and not request.goes_by_weights:
        return
    network = recipe.network
    said = [] if request.backbone == network.backbone else [f"which is {network.backbone}"]
    if network.backbone_options:
        said.append(f"with the options {network.backbone_options}")
    said.append(f"{network.feature_stride} pixels a site")
    if network.coarsest_stride < NetworkConfig().coarsest_stride:
        said.append(f"coarsest_stride {network.coarsest_stride}")
    if _has_statistics(network):
        said.append(f"frozen_norm {'on' if network.frozen_norm else 'off'}")
    said.append(f"backbone_rate_factor {recipe.training.backbone_rate_factor:g}")
    log.info("the recipe is %s, %s", request.recipe_name, ", ".join(said))


def _has_statistics(network: NetworkConfig) -> bool:
    """Return whether the backbone has batch normalisation, whose statistics can be kept."""
    return any(isinstance(layer, nn.BatchNorm2d) for layer in described_part(network).modules())


def _from_the_beginning(request: TrainRequest) -> Recipe:
    """Return the recipe of a training that starts from no trained model."""
    recipe = recipe_for(request.recipe_said, None)
    if request.model is not None:
        recipe = as_model(recipe, request.model, mpp_of(request.recipe_said or ""))
    recipe = _on_its_backbone(request, recipe)
    return request.foundation.applied_to(recipe, on_base_model=False)


def _of_base(request: TrainRequest, base: BundleCard) -> Recipe:
    """Return the recipe of a training that starts from a trained model."""
    require_model(request.model, base)
    if request.backbone is not None:
        raise InputError(
            f"the base model has a backbone, so that {request.backbone} cannot be one too: leave --backbone"
            " out, or --base-model"
        )
    recipe = recipe_for(request.recipe_said, base)
    if request.model is not None:
        recipe = as_model(recipe, request.model)
    recipe = request.foundation.applied_to(recipe, on_base_model=True)
    _require_fitting(request, recipe, base)
    return recipe


def _on_its_backbone(request: TrainRequest, recipe: Recipe) -> Recipe:
    """Return the recipe on the backbone that is named, or that the weights say they are of."""
    if request.foundation.name is not None and request.backbone is not None:
        raise InputError(
            f"--backbone {request.backbone} and --foundation {request.foundation.name} are two backbones;"
            " name one"
        )
    source = request.backbone_weights
    card = read_backbone_card(source) if isinstance(source, Path) else None
    name = _backbone_name(request, recipe, card)
    if name is not None:
        require_backbone(name)
        of_it = card is not None and card.architecture == name.split(".")[0]
        recipe = on_backbone(recipe, name, card if of_it else None)
    if request.goes_by_weights and card is not None and card.pretraining is not None:
        recipe = at_one_rate(at_pixels_of(recipe, card.pretraining.mpp))
    starts = recipe.training.initialisation == "pretrained" and request.foundation.name is None
    if isinstance(source, Path) and card is not None and starts:
        _require_backbone_said(request, card, source)
        require_fitting(card, recipe.network, source)
    return recipe


def _require_backbone_said(request: TrainRequest, card: BackboneCard, source: Path) -> None:
    """Refuse weights of another backbone than the one that is named beside them."""
    if request.backbone is None or request.backbone.split(".")[0] == card.architecture:
        return
    way_out = (
        "leave --backbone out" if request.goes_by_weights else f"say --backbone {card.architecture}"
    )
    raise InputError(
        f"{source} holds {card.architecture}, and --backbone says {request.backbone}; {way_out}, or name"
        " another file"
    )


def _backbone_name(request: TrainRequest, recipe: Recipe, card: BackboneCard | None) -> str | None:
    """Return the name of the backbone that takes the place of the recipe's; None if its own stays as it is.

    Raises:
        InputError: no recipe is named, and nothing else says what network the weights are of.
    """
    if request.goes_by_weights and card is not None:
        _require_no_foundation(request, card)
        return request.backbone or card.architecture
    if request.goes_by_weights and request.backbone is None:
        raise InputError(
            f"nothing says which network starts from the weights {request.backbone_weights}: say --backbone"
            " NAME, or name a recipe that starts from weights of its backbone, as --recipe small-pretrained"
        )
    own = request.backbone == recipe.network.backbone
    return None if own and request.backbone_weights is None else request.backbone


def _require_no_foundation(request: TrainRequest, card: BackboneCard) -> None:
    """Refuse published weights of a foundation model, whose adapter, colours and terms go by its name."""
    known = of_form(card.architecture, card.backbone_options)
    if card.pretraining is None and request.backbone is None and known:
        raise InputError(
            f"{request.backbone_weights} holds what may be {' or '.join(known)}: say --foundation {known[0]},"
            f" or --backbone {card.architecture} to train all of it"
        )


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
