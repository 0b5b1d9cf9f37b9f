"""What the backbone starts from: weights that were asked for by the recipe and given, or chance."""

from pathlib import Path
from typing import Literal

from patherea_core.bundle_card import InitialWeights
from patherea_core.config import Recipe
from patherea_core.errors import InputError
from patherea_core.model.network import P2PNetwork
from patherea_core.model.pretrained import BackboneWeights, initialise, read_backbone_weights


def weights_to_start_from(
    recipe: Recipe, source: Path | Literal["hub"] | None
) -> BackboneWeights | None:
    """Return the weights that the backbone starts from; None where it starts at random.

    Raises:
        InputError: the recipe wants weights and none are given, or the other way round, or they cannot
            be read.
    """
    name = recipe.network.backbone
    if recipe.training.initialisation == "pretrained":
        if source is None:
            raise InputError(
                f"this recipe starts from pretrained weights of {name}: name their file, or 'hub' to"
                " fetch them by name, or take a recipe with training.initialisation 'scratch'"
            )
        return read_backbone_weights(source, recipe.network)
    if source is not None:
        raise InputError(
            f"this recipe trains {name} from scratch and would leave {source} unused: leave the backbone"
            " weights out, or take a recipe with training.initialisation 'pretrained'"
        )
    if recipe.network.frozen_backbone:
        raise InputError(
            f"this recipe freezes {name} as it is before the training, which from scratch is at random:"
            " set training.initialisation to 'pretrained', or network.frozen_backbone to false"
        )
    return None


def start_from(weights: BackboneWeights | None, network: P2PNetwork) -> None:
    """Give the backbone of a network the weights it starts from, if there are any.

    Raises:
        InputError: they do not fit.
    """
    if weights is not None:
        initialise(network.backbone, weights)


def origin_of(weights: BackboneWeights | None) -> InitialWeights | None:
    """Return what is to be remembered of weights that a training started from."""
    if weights is None:
        return None
    return InitialWeights(sha256=weights.sha256, origin=weights.origin, licence=weights.licence)
