"""Whether weights with a card suit a network, as the card says; if not, one sentence says what to change."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.model.timm_models import published_form
from patherea_core.model.weight_files import BackboneCard

#: How a person names a file of weights: for a detector, or for the pretraining of a backbone.
WeightsOption: TypeAlias = Literal["--backbone-weights", "--initial-weights"]

BACKBONE_WEIGHTS: WeightsOption = "--backbone-weights"
INITIAL_WEIGHTS: WeightsOption = "--initial-weights"


def require_fitting(
    card: BackboneCard,
    network: NetworkConfig,
    path: Path,
    option: WeightsOption = BACKBONE_WEIGHTS,
) -> None:
    """Refuse weights whose card says that this network would make other features of them.

    Args:
        card: of the weights.
        network: what is to start from them.
        path: their file, for the message.
        option: how a person names the file, for the message.

    Raises:
        InputError: they are of another network, or of one with other options, or have no statistics.
    """
    architecture, options = published_form(network.backbone, network.backbone_options)
    if card.architecture != architecture.split(".")[0]:
        raise InputError(_of_another(card, network, path, option))
    detector = option == BACKBONE_WEIGHTS
    shaping = features_options(options)
    # What the weights leave open may be as it is.
    wanted = {name: value for name, value in options.items() if name not in shaping}
    wanted |= card.backbone_options
    if wanted != options:
        way_out = (
            f"say --backbone {card.architecture}, which takes theirs (in a recipe file, set"
            f" network.backbone_options to {wanted})"
            if detector
            else f"name weights with {option} that were learnt so"
        )
        said = f"the options {options}" if options else "no options"
        raise InputError(
            f"the weights in {path} give other features with {said} of the backbone; {way_out}"
        )
    if card.folded_norm and not network.frozen_norm:
        way_out = (
            "set network.frozen_norm to true, or give weights that keep them"
            if detector
            else f"name weights with {option} that keep them"
        )
        raise InputError(
            f"batch normalisation is folded into the weights in {path}, so that there are no statistics to"
            f" learn from; {way_out}"
        )


def features_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those options of a backbone without which the same weights give other features.

    What drops features by chance does so in training only, and position embeddings are brought to any size.
    """
    return {
        name: value
        for name, value in options.items()
        if not name.startswith("drop") and not name.endswith("drop_rate") and "img_" not in name
    }


def _of_another(
    card: BackboneCard, network: NetworkConfig, path: Path, option: WeightsOption
) -> str:
    """Return what to do about weights of another network than the one that is to start from them."""
    foundation = known_foundation(network.backbone)
    if foundation is not None:
        return (
            f"{path} holds {card.architecture}, not {foundation.title}, which {network.backbone} is;"
            f" {foundation.way_to_it}"
        )
    if option == INITIAL_WEIGHTS:
        return (
            f"{path} holds {card.architecture}, from which {network.backbone} cannot start; name another file"
            f" with {option}, or say --backbone {card.architecture}"
        )
    return (
        f"{path} holds {card.architecture}, and the recipe names {network.backbone}; name another file, leave"
        f" the recipe out, or say --backbone {card.architecture} (in a recipe file, set network.backbone to"
        f' "{card.architecture}")'
    )
