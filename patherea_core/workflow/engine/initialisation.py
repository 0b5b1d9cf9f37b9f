"""What a network starts from: a trained model, weights of its backbone as the recipe wants it, or chance."""

import logging
from pathlib import Path
from typing import Literal, TypeAlias

from patherea_core.bundle_card import BaseModelCard, InitialWeights
from patherea_core.config import Recipe
from patherea_core.data.manifest import Manifest
from patherea_core.data.validation_choice import slides_of
from patherea_core.errors import InputError
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.model.foundation.checks import tell_pixels
from patherea_core.model.foundation.licences import require_accepted
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.model.pretrained import (
    BackboneWeights,
    initialise,
    read_backbone_weights,
    require_initialisable,
    under_accepted_terms,
)
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.engine.base_model import BaseModel, read_base_model, take_over
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.identity import RunIdentity

log = logging.getLogger(__name__)

#: Share by which the pixels of weights and dataset may differ in size without a word.
_ALIKE = 0.1

#: A trained model, weights of the backbone alone, or None for chance.
Beginning: TypeAlias = BackboneWeights | BaseModel | None


def beginning_of(request: FitRequest, manifest: Manifest) -> Beginning:
    """Return what the network of a training starts from.

    Raises:
        BundleError: the base model cannot be trusted or read, or its backbone's weights are missing.
        InputError: as ``weights_to_start_from``, or the base model does not fit the recipe or dataset, or
            the licence of the backbone was not accepted.
    """
    require_accepted(request.recipe.network.backbone, request.accepted_licences)
    if request.base_model is None:
        tell_pixels(request.recipe.network.backbone, manifest.mpp)
        return weights_to_start_from(request.recipe, request.backbone_weights)
    return read_base_model(request, request.base_model, manifest)


def weights_to_start_from(
    recipe: Recipe, source: Path | Literal["hub"] | None
) -> BackboneWeights | None:
    """Return the weights that the backbone starts from; None where it starts at random.

    Raises:
        InputError: the recipe wants weights and none are given, or the other way round, or they cannot
            be read, or do not fit the backbone.
    """
    name = recipe.network.backbone
    if recipe.training.initialisation == "pretrained":
        if source is None:
            raise InputError(_how_to_give_weights(name))
        weights = read_backbone_weights(source, recipe.network)
        require_initialisable(recipe.network, weights)
        return under_accepted_terms(weights, name)
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


def _how_to_give_weights(backbone: str) -> str:
    """Return why a training without the pretrained weights of its backbone cannot begin, and what to do."""
    foundation = known_foundation(backbone)
    if foundation is not None:
        return (
            f"a training on {backbone} starts from the published weights of {foundation.title}, and none are"
            f" named: {foundation.way_to_it} with --backbone-weights, or say --backbone-weights hub to have"
            " it fetched"
        )
    return (
        f"this recipe starts from pretrained weights of {backbone}, and none are named: name their file with"
        " --backbone-weights, or say --backbone-weights hub to have it fetched, or take a recipe with"
        " training.initialisation 'scratch'"
    )


def start_from(beginning: Beginning, network: DetectorNetwork, taxonomy: Taxonomy) -> None:
    """Give a network of these classes the weights it starts from, if there are any.

    Raises:
        InputError: they do not fit.
    """
    if isinstance(beginning, BaseModel):
        take_over(beginning, network, taxonomy)
    elif beginning is not None:
        initialise(network.backbone, beginning)


def noted(identity: RunIdentity, beginning: Beginning) -> RunIdentity:
    """Return the identity of a training with what is to be remembered of its beginning."""
    notes = {"backbone_weights": origin_of(beginning), "base_model": base_of(beginning)}
    return identity.model_copy(update=notes)


def origin_of(beginning: Beginning) -> InitialWeights | None:
    """Return what is to be remembered of the weights that a backbone started from, if need be long ago."""
    if isinstance(beginning, BaseModel):
        return beginning.card.initial_weights
    if beginning is None:
        return None
    return InitialWeights(
        sha256=beginning.sha256, origin=beginning.origin, licence=beginning.licence
    )


def base_of(beginning: Beginning) -> BaseModelCard | None:
    """Return what is to be remembered of the model that a training started from."""
    return beginning.card.as_base(beginning.name) if isinstance(beginning, BaseModel) else None


def say_what_is_kept(request: FitRequest, beginning: Beginning, manifest: Manifest) -> None:
    """Log which model a training starts from, if any, which classes it keeps, and what it knows already."""
    if isinstance(beginning, BackboneWeights):
        warn_of_another_scale(beginning, manifest.mpp)
    if not isinstance(beginning, BaseModel):
        return
    base = beginning.card.as_base(beginning.name)
    log.info("starts from all weights of %s (digest %s)", base.name, base.weights_sha256[:12])
    wanted, known = manifest.taxonomy.names, beginning.card.taxonomy.names
    if new := [name for name in wanted if name not in known]:
        log.warning(
            "the base model does not know %s, for which the training starts at random; its classes are: %s",
            " and ".join(new),
            ", ".join(known),
        )
    if gone := [name for name in known if name not in wanted]:
        log.warning(
            "the dataset has no %s, so the model forgets what its base model knows of that",
            " and no ".join(gone),
        )
    validation = request.division_of(manifest).validation
    if seen := base.known_among(slides_of(manifest, validation)):
        log.warning(
            "%d of %d images to validate on are of slides that the base model was made with, so scores on"
            " them flatter; name a fold of other slides if there is one",
            seen,
            len(validation),
        )


def warn_of_another_scale(weights: BackboneWeights, mpp: float) -> None:
    """Warn where a backbone learnt from pixels of another size than those of a dataset, in micrometres."""
    if weights.mpp is not None and abs(weights.mpp - mpp) > _ALIKE * mpp:
        log.warning(
            "the backbone was pretrained on pixels of %g µm, and the dataset has %g: it knows cells of"
            " another size; pretrain one with --mpp %g, or export the dataset at %g",
            *(weights.mpp, mpp, mpp, weights.mpp),
        )
