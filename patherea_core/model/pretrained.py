"""Pretrained weights: from a file or from timm's hub into the part of a backbone that is built."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from timm.layers.pos_embed import resample_abs_pos_embed
from torch import Tensor, nn

from patherea_core.config import NetworkConfig
from patherea_core.model.backbones import Backbone, build_backbone
from patherea_core.model.foundation import checks
from patherea_core.model.foundation.licences import accepted_terms
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.model.timm_models import described, published_form
from patherea_core.model.weight_cards import card_of
from patherea_core.model.weight_faults import COUNTS, require_all, require_known, require_none_left
from patherea_core.model.weight_files import Channels, read_weight_file
from patherea_core.model.weight_fitting import BACKBONE_WEIGHTS, WeightsOption, require_fitting
from patherea_core.model.weight_hub import fetched
from patherea_core.model.weight_names import timm_names


@dataclass(frozen=True, slots=True, eq=False)
class BackboneWeights:
    """The weights of a timm model, and what must be remembered of them.

    Attributes:
        state: tensors by the names of the whole timm model; it may lack some.
        mean: mean of the input's channels, on the scale from 0 to 1.
        std: standard deviation of them.
        origin: where the weights come from.
        licence: terms of the weights, and so of what is trained from them.
        sha256: digest of the file they were read from.
        mpp: micrometres a pixel of what they were learnt from, where that is known.
    """

    state: Mapping[str, Tensor]
    mean: Channels
    std: Channels
    origin: str
    licence: str
    sha256: str
    mpp: float | None = None


def read_backbone_weights(
    source: Path | Literal["hub"], network: NetworkConfig, option: WeightsOption = BACKBONE_WEIGHTS
) -> BackboneWeights:
    """Return pretrained weights of the backbone that a network names.

    Args:
        source: a file that ``python -m training convert`` wrote, a safetensors file or a saved PyTorch
            state with timm's names or those of the authors, the index of one in pieces, or "hub" for what
            timm or the foundation model names.
        network: the network; its backbone's options must be those that the weights need.
        option: how a person names the file, for the messages.

    Raises:
        InputError: the weights cannot be fetched or read, or are of another network.
    """
    path = fetched(network.backbone, option) if source == "hub" else source
    file = read_weight_file(path)
    model = described(network.backbone, network.backbone_options)
    foundation = known_foundation(network.backbone)
    if file.card is not None:
        require_fitting(file.card, network, path, option)
        state = dict(file.content)
    else:
        architecture, _ = published_form(network.backbone, {})
        state = timm_names(file.content, architecture, model)
    if foundation is not None:
        checks.require_whole(foundation, state, model, path)
    state = _of_the_model(state, model, path, option)
    # Of a file without a card nothing is told that holds what this backbone does not have.
    card = file.card or card_of(network, file, path, fetched=source == "hub")
    if source == "hub" and file.card is None and foundation is None:
        require_fitting(card, network, path, option)
    return BackboneWeights(
        state=state,
        mean=card.mean,
        std=card.std,
        origin=card.origin,
        licence=card.licence,
        sha256=file.sha256,
        mpp=None if card.pretraining is None else card.pretraining.mpp,
    )


def under_accepted_terms(weights: BackboneWeights, backbone: str) -> BackboneWeights:
    """Return weights whose licence tells that somebody accepted it, where that had to be.

    Args:
        weights: of the backbone.
        backbone: what a person calls it.
    """
    accepted = accepted_terms(backbone)
    return replace(weights, licence=f"{weights.licence}, {accepted}") if accepted else weights


def initialise(backbone: Backbone, weights: BackboneWeights) -> None:
    """Set every tensor of the pretrained part of a backbone, and its normalisation of the input.

    Raises:
        InputError: the weights lack a tensor that the built part has, one has another shape, or one is
            left over although its layer is built.
    """
    part = backbone.pretrained_part
    part.load_state_dict(_found_for(part, weights), strict=False)
    for buffer, values in ((backbone.mean, weights.mean), (backbone.std, weights.std)):
        buffer.copy_(torch.tensor(values).reshape(buffer.shape))


def require_initialisable(network: NetworkConfig, weights: BackboneWeights) -> None:
    """Refuse weights from which the backbone of a network cannot start, before the long work.

    The backbone is built of shapes alone, so that a large one costs little.

    Raises:
        InputError: as ``initialise``.
    """
    _found_for(described_part(network), weights)


def described_part(network: NetworkConfig) -> nn.Module:
    """Return the part of a backbone that pretrained weights are for, on the meta device: no numbers.

    Raises:
        InputError: as ``build_backbone``.
    """
    with torch.device("meta"):
        return build_backbone(network).pretrained_part


def _found_for(part: nn.Module, weights: BackboneWeights) -> dict[str, Tensor]:
    """Return the weights of the pretrained part of a backbone, by its names.

    Raises:
        InputError: as ``initialise``.
    """
    built = {
        name: tensor for name, tensor in part.state_dict().items() if not name.endswith(COUNTS)
    }
    names = {built_name(name, built): name for name in weights.state}
    found = {name: weights.state[names[name]] for name in built if name in names}
    if "pos_embed" in found:
        found["pos_embed"] = _positions(found["pos_embed"], part)
    require_all(found, built)
    require_none_left(names.keys() - built.keys(), built)
    return found


def _of_the_model(
    state: Mapping[str, Tensor], model: nn.Module, path: Path, option: WeightsOption
) -> dict[str, Tensor]:
    """Return the tensors that timm's model has; others are refused, but for what is never used."""
    known = model.state_dict().keys()
    used = {name: tensor for name, tensor in state.items() if not name.endswith(COUNTS)}
    require_known(used, known, path, option)
    return {name: tensor for name, tensor in used.items() if name in known}


def built_name(name: str, built: Collection[str]) -> str:
    """Return what a tensor of the whole model is called where only features are built of it."""
    # timm's pyramids draw the first two parts of a name together, or wrap the whole model.
    for candidate in (name, name.replace(".", "_", 1), f"model.{name}"):
        if candidate in built:
            return candidate
    return name


def _positions(stored: Tensor, part: nn.Module) -> Tensor:
    """Return position embeddings on the grid of the built transformer."""
    transformer: Any = part
    wanted = transformer.pos_embed.shape
    before = 0 if transformer.no_embed_class else transformer.num_prefix_tokens
    if stored.shape[1] == wanted[1]:
        return stored
    resampled: Tensor = resample_abs_pos_embed(
        stored, transformer.patch_embed.grid_size, num_prefix_tokens=before
    )
    return resampled
