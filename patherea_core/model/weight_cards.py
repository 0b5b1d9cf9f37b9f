"""What is known of a file of weights that has no card of ours, or must be assumed."""

import logging
from pathlib import Path

from patherea_core.config import NetworkConfig
from patherea_core.model.foundation import checks
from patherea_core.model.foundation.published import Foundation
from patherea_core.model.foundation.registry import known_foundation, of_form
from patherea_core.model.timm_models import input_statistics
from patherea_core.model.weight_files import BackboneCard, WeightFile
from patherea_core.model.weight_fitting import features_options
from patherea_core.model.weight_hub import origin_of

log = logging.getLogger(__name__)


def card_of(network: NetworkConfig, file: WeightFile, path: Path, *, fetched: bool) -> BackboneCard:
    """Return what is known of a file without a card, or must be assumed.

    Raises:
        InputError: a foundation model was fetched, and is not the published one.
    """
    foundation = known_foundation(network.backbone)
    if foundation is not None:
        checks.tell_digest(foundation, file.sha256, path, fetched=fetched)
        return _published_card(foundation, file, path)
    mean, std = input_statistics(network.backbone)
    if fetched:
        origin, licence = origin_of(network.backbone)
    else:
        origin, licence = f"a file named {path.name}", "unknown"
        log.warning(
            "%s does not say how its input was normalised: taken are mean %s and deviation %s of timm's %s%s",
            *(path, mean, std, network.backbone, _options_taken(network) + _perhaps(network)),
        )
    return BackboneCard(
        architecture=network.backbone,
        mean=mean,
        std=std,
        licence=licence,
        origin=origin,
        source_sha256=file.sha256,
    )


def _options_taken(network: NetworkConfig) -> str:
    """Return which options of a recipe such weights may not have been learnt with, if there are any."""
    taken = features_options(network.backbone_options)
    if not taken:
        return ""
    return (
        f"; nor does it say that it was learnt with the recipe's options {taken}, and what timm publishes was"
        f" not: --backbone {network.backbone} leaves them out"
    )


def _perhaps(network: NetworkConfig) -> str:
    """Return which foundation models have this form, for whoever named their timm model instead."""
    alike = of_form(network.backbone, network.backbone_options)
    if not alike:
        return ""
    return f"; if it is {' or '.join(alike)}, set network.backbone to that, which knows its own"


def _published_card(foundation: Foundation, file: WeightFile, path: Path) -> BackboneCard:
    """Return what the authors of a foundation model say of it."""
    return BackboneCard(
        architecture=foundation.architecture,
        backbone_options=dict(foundation.options),
        mean=foundation.mean,
        std=foundation.std,
        licence=str(foundation.terms),
        origin=checks.origin_of(foundation, file.sha256, path),
        source_sha256=file.sha256,
    )
