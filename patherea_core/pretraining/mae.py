"""Masked autoencoders (He et al. 2022) around timm's plain vision transformers.

The transformer sees the visible patches alone, each with the embedding of its place; a small transformer,
which is thrown away in the end, fills in the others.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.timm_models import created, described, input_statistics, require_known
from patherea_core.model.vit_adapter import is_plain_transformer, patch_side
from patherea_core.pretraining.mae_decoder import TokenDecoder
from patherea_core.pretraining.masking import visible_cells
from patherea_core.pretraining.modelling import MaskedImageModel
from patherea_core.pretraining.settings import PretrainingConfig


class MaskedAutoencoder(MaskedImageModel):
    """A plain vision transformer that sees a few patches of a tile, and a decoder for the rest.

    Attributes:
        transformer: timm's model, without head; what is pretrained.
        decoder: from the tokens that it gives to the pixels of all cells.
    """

    def __init__(self, config: PretrainingConfig) -> None:
        """Build both with random weights.

        Raises:
            InputError: the backbone is no plain vision transformer, or none that a detector takes, or the
                settings do not suit it.
        """
        transformer = _without_head(created, config)
        super().__init__(
            patch_side(transformer), config.hidden_share, input_statistics(config.backbone)
        )
        self.transformer = transformer
        self.known = frozenset(described(config.backbone, config.backbone_options).state_dict())
        self.decoder = TokenDecoder(transformer.embed_dim, 3 * self.cell * self.cell, config)

    def predicted(self, images: Tensor, hidden: Tensor) -> Tensor:
        """Return the pixels of all cells; see MaskedImageModel."""
        order = visible_cells(hidden)
        prefix, tokens = self.encoded(images, order)
        pixels: Tensor = self.decoder(prefix, tokens, order, hidden.shape[-2:])
        return pixels

    def encoded(self, images: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the transformer makes of the visible patches.

        Args:
            images: (B, 3, H, W), normalised.
            visible: (B, V) numbers of the visible cells.

        Returns:
            The (B, P, D) class token and registers, if it has any, and the (B, V, D) patches.
        """
        transformer: Any = self.transformer
        embedded = transformer.patch_embed(images)
        tokens = transformer._pos_embed(embedded)  # noqa: SLF001  timm has no other door
        before = transformer.num_prefix_tokens
        prefix, patches = tokens[:, :before], tokens[:, before:]
        rows = visible[..., None].expand(-1, -1, patches.shape[-1])
        tokens = torch.cat([prefix, patches.gather(1, rows)], dim=1)
        tokens = transformer.norm(transformer.blocks(transformer.norm_pre(tokens)))
        return tokens[:, :before], tokens[:, before:]

    def backbone_tensors(self) -> dict[str, Tensor]:
        """Return the tensors of the transformer themselves, by timm's names, without those of a head."""
        state = self.transformer.state_dict()
        # Without its pooling timm gives some transformers a norm that they do not have otherwise.
        return {name: tensor for name, tensor in state.items() if name in self.known}


def side_of_patch(config: PretrainingConfig) -> int:
    """Return the side in pixels of a patch of the backbone, which need not be built for that.

    Raises:
        InputError: the backbone is no plain vision transformer, or none that a detector takes.
    """
    return patch_side(_without_head(described, config))


def _without_head(make: Callable[..., nn.Module], config: PretrainingConfig) -> Any:  # noqa: ANN401  timm's
    """Return the transformer that is pretrained, made by ``created`` or by ``described``."""
    require_known(config.backbone, "--backbone")
    if not is_plain_transformer(config.backbone, config.backbone_options):
        raise InputError(
            f"MAE pretrains plain vision transformers, and {config.backbone!r} is none; take the method"
            " spark (--method spark) for a convolutional network"
        )
    try:
        # Tiles may be of another side than that which the transformer is named for.
        return make(
            config.backbone,
            config.backbone_options,
            num_classes=0,
            global_pool="",
            dynamic_img_size=True,
        )
    except InputError as error:  # those with a second head, which learnt from another network
        raise InputError(
            f"{config.backbone!r} cannot be built without its head, as a detector needs it; name another"
            ' --backbone, say that without "distilled" in its name'
        ) from error
