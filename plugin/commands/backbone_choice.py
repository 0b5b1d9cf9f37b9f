"""A backbone in place of the recipe's: by its name, or by the card of the weights that it starts from."""

from typing import Any

from patherea_core.config import AdapterConfig, NetworkConfig, ProximityConfig, Recipe
from patherea_core.errors import InputError
from patherea_core.model.foundation.registry import known_foundation
from patherea_core.model.timm_models import described, require_known
from patherea_core.model.timm_pyramid import chosen_levels, require_all_sizes
from patherea_core.model.vit_adapter import is_plain_transformer
from patherea_core.model.weight_files import BackboneCard
from patherea_core.model.weight_reach import within_reach
from plugin.commands.recipe_file import PRETRAINED_MPP

#: Strides that a network may have, from which one is chosen that the backbone has.
_STRIDES = (1, 2, 4, 8, 16)

#: The coarsest stride of a level of a pyramid.
_COARSEST = 32


def require_backbone(name: str) -> None:
    """Refuse a backbone that has no such name, or that is chosen in another way.

    Raises:
        InputError: timm knows no model of that name, the message names near ones; or it is a foundation
            model, whose licence and adapter come with its own option.
    """
    require_known(name, "--backbone")
    if known_foundation(name) is not None:
        raise InputError(
            f"{name} is a foundation model: say --foundation {name}, which freezes it in an adapter"
        )


def on_backbone(recipe: Recipe, name: str, card: BackboneCard | None) -> Recipe:
    """Return a recipe with another backbone; options and statistics of its own are no part of that.

    Args:
        recipe: the recipe.
        name: what timm calls the backbone.
        card: of the weights that it starts from; None if they have none, or there are none.

    Raises:
        InputError: timm cannot build it, its feature maps are none that the heads can read, or the weights
            lack what each detector on it needs.
    """
    network = recipe.network
    changes: dict[str, Any] = {
        "backbone": name,
        "backbone_options": {} if card is None else dict(card.backbone_options),
        # Only weights that have batch normalisation folded into them have no statistics to go on from. A
        # backbone that was pretrained by SparK, say, brings its own, of the person's slides.
        "frozen_norm": card is not None and card.folded_norm,
    }
    changed = network.model_copy(update=changes)
    if is_plain_transformer(name, changed.backbone_options):
        adapter = _adapter(changed)
        return _with_network(recipe, changed.model_copy(update={"adapter": adapter}))
    require_all_sizes(name, changed.backbone_options)
    if network.model == "p2p":
        strides = {"feature_stride": _stride_near(network.feature_stride, changed)}
        changed = changed.model_copy(update=strides)
    return _with_network(recipe, changed if card is None else within_reach(changed, card))


def at_one_rate(recipe: Recipe) -> Recipe:
    """Return a recipe whose backbone learns as fast as the rest, as one does that a person pretrained.

    Lower rates keep what weights of a million photographs know; a pretraining at hand has seen far less, and
    its backbone has much to learn still (docs/crossover.md has figures).
    """
    training = recipe.training.model_copy(update={"backbone_rate_factor": 1.0})
    return recipe.model_copy(update={"training": training})


def at_pixels_of(recipe: Recipe, mpp: float) -> Recipe:
    """Return a recipe whose sites or maps are no coarser in micrometres for pixels of another size.

    Args:
        recipe: the one that is taken where nothing is named but weights, for pixels of 0.5 µm.
        mpp: micrometres a pixel of what the backbone was pretrained on.
    """
    network = recipe.network
    if network.proximity is not None:
        radius = ProximityConfig.model_validate(
            {**dict(network.proximity), "radius": network.proximity.radius * PRETRAINED_MPP / mpp}
        )
        return _with_network(recipe, network.model_copy(update={"proximity": radius}))
    wanted = network.feature_stride * PRETRAINED_MPP / mpp
    # Finer pixels need no coarser sites: those of the recipe are as fine as the paper's.
    finer = [stride for stride in _STRIDES if 4 <= stride <= min(wanted, network.feature_stride)]
    stride = _stride_near(max(finer, default=4), network)
    return _with_network(recipe, network.model_copy(update={"feature_stride": stride}))


def _with_network(recipe: Recipe, network: NetworkConfig) -> Recipe:
    return recipe.model_copy(update={"network": network})


def _adapter(network: NetworkConfig) -> AdapterConfig:
    """Return an adapter for a plain vision transformer.

    As many heads as the transformer has divide its width, and half of it, which the values have.
    """
    transformer: Any = described(network.backbone, network.backbone_options)
    blocks = transformer.blocks
    return network.adapter.model_copy(
        update={
            "attention_heads": blocks[0].attn.num_heads,
            "interactions": min(network.adapter.interactions, len(blocks)),
        }
    )


def _stride_near(wanted: int, network: NetworkConfig) -> int:
    """Return the stride of the feature map that the backbone has and that is nearest, of equals the finer.

    Raises:
        InputError: it has none.
    """
    if is_plain_transformer(network.backbone, network.backbone_options):
        return wanted
    levels = chosen_levels(
        network.backbone, network.backbone_options, min(_STRIDES), _COARSEST, exact=False
    )
    offered = [level.stride for level in levels if level.stride in _STRIDES]
    if not offered:
        found = ", ".join(str(level.stride) for level in levels)
        raise InputError(
            f"{network.backbone!r} has feature maps of {found} pixels a site, and the heads read one of"
            f" {', '.join(map(str, _STRIDES))}; name another --backbone"
        )
    return min(offered, key=lambda stride: (max(stride, wanted) / min(stride, wanted), stride))
