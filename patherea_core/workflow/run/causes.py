"""Why a training cannot go on as it is asked for: first what a person said otherwise, in words of the shell.

What merely follows from that is left out: without the weights that a training started from, say, it has
another recipe, and all settings of the two are of no help.
"""

from typing import TypeAlias

from patherea_core.bundle_card import BaseModelCard, InitialWeights
from patherea_core.config import Recipe, Settings
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.workflow.run.identity import (
    RunIdentity,
    recipe_differences,
    settings_differences,
)

#: What a training is, in full.
Training: TypeAlias = tuple[Recipe, RunIdentity]

#: Characters of a digest that tell two files apart for a person.
_SHOWN = 12

#: What of a network goes with its backbone.
_FOLLOWS_BACKBONE = (
    "network.backbone",
    "network.adapter",
    "network.coarsest_stride",
    "network.feature_stride",
    "network.frozen_",
)

#: What of a pretraining goes with its backbone, where nothing is said of it.
_FOLLOWS_PRETRAINED = ("backbone", "method ", "decoder_", "batch_size ", "learning_rate ")


def training_differences(begun: Training, asked: Training) -> list[str]:
    """Return what a training that was begun has and the one asked for has not, each as a phrase.

    Args:
        begun: the training in a folder.
        asked: what is to go on there.
    """
    (recipe, identity), (asked_recipe, asked_identity) = begun, asked
    cause = _other_beginning(begun, asked_identity)
    if cause is None:
        return identity.differences(asked_identity) + _recipe_differences(recipe, asked_recipe)
    same = {
        "backbone_weights": asked_identity.backbone_weights,
        "base_model": asked_identity.base_model,
    }
    return [cause, *identity.model_copy(update=same).differences(asked_identity)]


def pretraining_differences(
    begun: Settings, asked: Settings, backbones: tuple[str, str]
) -> list[str]:
    """Return what differs in the settings of two pretrainings; of another backbone the name alone.

    Args:
        begun: settings of the one in a folder.
        asked: settings of what is to go on there.
        backbones: of both.
    """
    different = settings_differences(begun, asked)
    mine, its = backbones
    if mine == its:
        return different
    return [
        f"--backbone {mine}, not {its}",
        *(one for one in different if not one.startswith(_FOLLOWS_PRETRAINED)),
    ]


def _other_beginning(begun: Training, asked: RunIdentity) -> str | None:
    """Return the option that was left out or added, if one of the trainings starts from something else."""
    recipe, own = begun
    if (own.base_model is None) != (asked.base_model is None):
        return _left_out("--base-model", own.base_model)
    if (own.backbone_weights is None) == (asked.backbone_weights is None):
        return None
    option = "--backbone-weights"
    if known_foundation(recipe.network.backbone) is not None:
        option = f"--foundation {recipe.network.backbone} and {option}"
    return _left_out(option, own.backbone_weights)


def _left_out(option: str, own: BaseModelCard | InitialWeights | None) -> str:
    if own is None:
        return f"no {option}"
    digest = own.weights_sha256 if isinstance(own, BaseModelCard) else own.sha256
    return f"{option} (of digest {digest[:_SHOWN]}), which is left out now"


def _recipe_differences(own: Recipe, asked: Recipe) -> list[str]:
    """Return what differs in two recipes; of another backbone the name alone."""
    different = recipe_differences(own, asked)
    mine, its = own.network.backbone, asked.network.backbone
    if mine == its:
        return different
    option = "--backbone" if known_foundation(mine) is None else "--foundation"
    others = [one for one in different if not one.startswith(_FOLLOWS_BACKBONE)]
    return [f"{option} {mine}, not {its}", *others]
