"""What a training says before its first step: the network, and what serves for what."""

import logging

from torch import nn

from patherea_core.data.finding import counted
from patherea_core.data.manifest import Manifest
from patherea_core.data.validation_choice import division_in_words, trained_test_folds
from patherea_core.workflow.request import FitRequest

log = logging.getLogger(__name__)


def say_what_is_trained(request: FitRequest, network: nn.Module) -> None:
    """Log recipe, network and seed."""
    recipe, given = request.recipe, request.provenance
    log.info(
        "recipe %s: %s, %s parameters, %s, seed %d",
        given.get("recipe") or given.get("experiment") or "without a name",
        recipe.network.backbone,
        f"{sum(parameter.numel() for parameter in network.parameters()):,}",
        counted(recipe.training.epochs, "epoch", "epochs"),
        request.seed,
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
