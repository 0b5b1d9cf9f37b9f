"""What a training says before its first step: the network, and what serves for what."""

import logging

from torch import nn

from patherea_core.config import NetworkConfig
from patherea_core.data.finding import counted
from patherea_core.data.manifest import Manifest
from patherea_core.data.validation_choice import division_in_words, trained_test_folds
from patherea_core.recipes import MAP_RADIUS_UM
from patherea_core.workflow.request import FitRequest

log = logging.getLogger(__name__)


#: Factor between the radius of the maps of a Patherea-FCRN and the usual one, from which on that is told.
_UNUSUAL = 1.5


def say_what_is_trained(request: FitRequest, network: nn.Module, mpp: float) -> None:
    """Log recipe, network and seed, and warn of maps that are unusually small or large.

    Args:
        request: what was asked for.
        network: what is trained.
        mpp: micrometres per working pixel.
    """
    recipe, given = request.recipe, request.provenance
    log.info(
        "recipe %s: %s on %s, %s parameters, %s, seed %d",
        given.get("recipe") or given.get("experiment") or "without a name",
        _kind(recipe.network, mpp),
        recipe.network.backbone,
        f"{sum(parameter.numel() for parameter in network.parameters()):,}",
        counted(recipe.training.epochs, "epoch", "epochs"),
        request.seed,
    )
    _warn_of_maps(recipe.network, mpp)


def _kind(network: NetworkConfig, mpp: float) -> str:
    if network.proximity is None:
        return "Patherea-P2P"
    return f"Patherea-FCRN (maps of {network.proximity.radius * mpp:g} µm around a cell)"


def _warn_of_maps(network: NetworkConfig, mpp: float) -> None:
    if network.proximity is None:
        return
    radius = network.proximity.radius * mpp
    if max(radius / MAP_RADIUS_UM, MAP_RADIUS_UM / radius) >= _UNUSUAL:
        log.warning(
            "the maps of a cell have a radius of %g µm, and %g µm are usual: in a recipe, set"
            " network.proximity.radius to %g for pixels of %g µm",
            *(radius, MAP_RADIUS_UM, MAP_RADIUS_UM / mpp, mpp),
        )


def say_what_it_is_trained_on(request: FitRequest, manifest: Manifest) -> None:
    """Log which images serve for what.

    Raises:
        DatasetError: there is nothing to train or to validate on.
    """
    division = request.division_of(manifest)
    log.info("%s", division_in_words(manifest, division))
    if trained := trained_test_folds(manifest, division):
        log.warning(
            "the fold %s is trained on too, so scores on it will say nothing; to keep it for the end, export"
            " without it",
            ", ".join(trained),
        )
