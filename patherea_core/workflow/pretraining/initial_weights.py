"""The weights that a pretraining starts from, of which most that do not fit are refused at once."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.foundation.licences import require_accepted
from patherea_core.model.pretrained import (
    BackboneWeights,
    read_backbone_weights,
    under_accepted_terms,
)
from patherea_core.model.timm_models import described
from patherea_core.model.weight_fitting import INITIAL_WEIGHTS
from patherea_core.pretraining.settings import PretrainingConfig


def initial_weights(
    config: PretrainingConfig,
    source: Path | Literal["hub"] | None,
    accepted_licences: Collection[str] = (),
) -> BackboneWeights | None:
    """Return the weights that a backbone starts from; None for chance.

    Args:
        config: all settings of the pretraining.
        source: a file, or "hub" to fetch them by the backbone's name; None for chance.
        accepted_licences: names of the foundation models whose licence was accepted.

    Raises:
        InputError: their licence was not accepted, or they cannot be fetched or read, or are of another
            network.
    """
    if source is None:
        return None
    require_accepted(config.backbone, accepted_licences)
    network = NetworkConfig(backbone=config.backbone, backbone_options=config.backbone_options)
    weights = read_backbone_weights(source, network, INITIAL_WEIGHTS)
    return under_accepted_terms(weights, config.backbone)


def require_initial_weights(
    config: PretrainingConfig,
    source: Path | Literal["hub"] | None,
    accepted_licences: Collection[str] = (),
) -> None:
    """Refuse most weights that do not fit, without building a network, which may be large.

    Weights that lack something are found only when it is built. Arguments as ``initial_weights``.

    Raises:
        InputError: as ``initial_weights``, or one of them has another shape than the backbone's.
    """
    weights = initial_weights(config, source, accepted_licences)
    if weights is None:
        return
    wanted = described(config.backbone, config.backbone_options).state_dict()
    for name, tensor in weights.state.items():
        if name in wanted and tensor.shape != wanted[name].shape:
            raise InputError(
                f"{name} of the weights in {source} is {tuple(tensor.shape)}, and that of {config.backbone}"
                f" {tuple(wanted[name].shape)}; name weights of this backbone with {INITIAL_WEIGHTS}"
            )
