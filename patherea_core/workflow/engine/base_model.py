"""A trained model that a training starts from: all its weights, as far as the classes are the same."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from patherea_core.bundle_card import BundleCard
from patherea_core.bundle_file import WEIGHTS_FILE
from patherea_core.checkpoint import build_network, load_bundle
from patherea_core.config import Model, NetworkConfig
from patherea_core.data.manifest import Manifest
from patherea_core.errors import InputError
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.taxonomy import Taxonomy
from patherea_core.workflow.request import FitRequest
from patherea_core.workflow.run.identity import settings_differences

#: Relative difference of pixel sizes that is no more than rounding.
_SAME_MPP = 0.005

#: What the kinds of network are called.
_TITLES: Mapping[Model, str] = {"p2p": "Patherea-P2P", "fcrn": "Patherea-FCRN"}


@dataclass(frozen=True, slots=True, eq=False)
class BaseModel:
    """All weights of a trained network.

    Attributes:
        name: what its file is called.
        card: of its bundle.
        state: tensors by name, those of a backbone that the bundle leaves out too.
    """

    name: str
    card: BundleCard
    state: Mapping[str, Tensor]


def read_base_model(request: FitRequest, path: Path, manifest: Manifest) -> BaseModel:
    """Return the model that a training starts from.

    Args:
        request: what was asked for.
        path: the bundle.
        manifest: of the dataset.

    Raises:
        BundleError: the bundle cannot be trusted or read, or its backbone's weights are missing.
        InputError: backbone weights are given that it does not need, or its network or pixel size is
            another one.
    """
    bundle = load_bundle(path)
    card = bundle.card
    require_no_other_weights(card, request.backbone_weights)
    require_network(request.recipe.network, card)
    if not math.isclose(card.mpp, manifest.mpp, rel_tol=_SAME_MPP):
        raise InputError(
            f"the base model sees pixels of {card.mpp:g} µm, and the dataset has pixels of"
            f" {manifest.mpp:g} µm: export it with --mpp {card.mpp:g}, or take another base model"
        )
    state = build_network(bundle, request.backbone_weights).state_dict()
    return BaseModel(path.parent.name if path.name == WEIGHTS_FILE else path.name, card, state)


def require_no_other_weights(card: BundleCard, given: Path | Literal["hub"] | None) -> None:
    """Raise InputError if weights of a backbone are given that a base model has itself."""
    if given is not None and card.backbone_sha256 is None:
        raise InputError(
            f"the base model has the weights of its backbone, so that {given} would be left unused: leave"
            " the backbone weights out, or the base model"
        )


def require_network(network: NetworkConfig, card: BundleCard) -> None:
    """Raise InputError if a base model has another network than a training is to have."""
    different = settings_differences(network, card.recipe.network, "network.")
    if different:
        raise InputError(
            f"the recipe has another network than the base model: {'; '.join(different)}. Leave the recipe"
            " out to train as the base model was trained, or leave the network out of a recipe file"
        )


def require_model(wanted: Model | None, card: BundleCard) -> None:
    """Raise InputError if a kind of network is asked for that a base model is not of."""
    own = card.recipe.network.model
    if wanted is not None and wanted != own:
        raise InputError(
            f"the base model is a {_TITLES[own]}, which cannot become a {_TITLES[wanted]}: leave --model out,"
            " or take another base model"
        )


def take_over(base: BaseModel, network: DetectorNetwork, taxonomy: Taxonomy) -> None:
    """Give a network all weights of a base model; classes are known by their names."""
    known = {name: row for row, name in enumerate(base.card.taxonomy.names)}
    rows = [known.get(name) for name in taxonomy.names]
    network.load_trained_state(network.with_classes_of(base.state, rows, len(known)))
