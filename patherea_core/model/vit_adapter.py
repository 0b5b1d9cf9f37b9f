"""A plain vision transformer with a ViT-Adapter around it: a feature pyramid (Chen et al. 2023).

Spatial features from convolutions and the tokens of the transformer exchange what they know in a few
interactions, spread over its blocks. All positions are input pixels: tokens of a patch of 14 and
features of stride 8, 16 and 32 meet by deformable attention, which needs no common grid.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import torch
from timm.layers.patch_embed import PatchEmbed
from timm.models import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional

from patherea_core.config import AdapterConfig
from patherea_core.errors import InputError
from patherea_core.model.interaction import Extractor, Injector
from patherea_core.model.site_grid import SiteGrid, as_tokens
from patherea_core.model.spatial_prior import SpatialPrior
from patherea_core.model.timm_models import created, described, family

#: Strides of the spatial features that interact with the tokens; the last is left out on request.
_SCALES = (8, 16, 32)

#: Modules of timm that have such transformers.
_FAMILIES = ("vision_transformer", "deit")

#: Side of the largest patch: padding by reflection cannot exceed the smallest tile.
_LARGEST_PATCH = 16


def is_plain_transformer(name: str, options: Mapping[str, object]) -> bool:
    """Return whether a timm model is a vision transformer of one width and one grid of patches.

    Raises:
        InputError: there is no such model, or it takes no such options.
    """
    if family(name) not in _FAMILIES:
        return False
    model: Any = described(name, options)
    return isinstance(model, VisionTransformer) and type(model.patch_embed) is PatchEmbed


def patch_side(transformer: Any) -> int:  # noqa: ANN401  timm's loose types
    """Return the side in pixels of a patch of a timm vision transformer that the adapter takes.

    Raises:
        InputError: its patches are too large, or no squares.
    """
    height, width = transformer.patch_embed.patch_size
    if height != width or height > _LARGEST_PATCH:
        raise InputError(
            f"the adapter of a detector takes square patches of at most {_LARGEST_PATCH} pixels, not {height}"
            f" × {width}; name a backbone of smaller ones, say vit_base_patch16_224"
        )
    side: int = height
    return side


class AdaptedTransformer(nn.Module):
    """A timm vision transformer and its adapter.

    Attributes:
        transformer: what is pretrained: timm's model without norm and head, which are not read.
        strides: of the maps it gives, rising; of 4, 8, 16 and 32.
        width: of all of them.
        largest_stride: sides of images must be multiples of it.
    """

    def __init__(
        self,
        transformer: nn.Module,
        config: AdapterConfig,
        *,
        strides: tuple[int, ...],
        coarsest: int,
    ) -> None:
        """Take the strides of the maps to give, and that of the coarsest features to compute.

        Raises:
            InputError: the transformer's patches, depth or width do not suit the adapter.
        """
        super().__init__()
        self.transformer = transformer
        known: Any = transformer
        self.width: int = known.embed_dim
        self.patch = patch_side(known)
        self.strides = strides
        self.scales = tuple(stride for stride in _SCALES if stride <= max(coarsest, _LARGEST_PATCH))
        self.largest_stride = self.scales[-1]
        self.groups = groups = _groups(len(known.blocks), config.interactions)
        self.prior = SpatialPrior(
            config.spatial_channels,
            self.width,
            finest=min(8, *strides),
            coarsest=self.largest_stride,
        )
        self.level_embedding = nn.Parameter(torch.randn(len(self.scales), self.width))
        self.injectors = nn.ModuleList(
            Injector(self.width, len(self.scales), config) for _ in groups
        )
        self.extractors = nn.ModuleList(Extractor(self.width, config) for _ in groups)
        # Norms follow, so that no bias is needed.
        self.rise = (
            nn.ConvTranspose2d(self.width, self.width, kernel_size=2, stride=2, bias=False)
            if 4 in strides
            else None
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(self.width) for _ in strides)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return one (B, width, H / stride, W / stride) map a stride of normalised images."""
        height, width = images.shape[-2:]
        grids = [SiteGrid.over(height, width, stride) for stride in self.scales]
        maps = self.prior(images)
        tokens_of_groups, token_grid, features = self.interact(images, maps[-len(grids) :], grids)
        of_scales = torch.split(features, [grid.count for grid in grids], dim=1)
        levels = {grid.stride: grid.as_map(one) for grid, one in zip(grids, of_scales, strict=True)}
        if self.rise is not None:
            levels[4] = maps[0] + self.rise(levels[8])
        given: list[Tensor] = []
        for stride, norm in zip(self.strides, self.norms, strict=True):
            grid = SiteGrid.over(height, width, stride)
            tokens = tokens_of_groups[_group_of(stride, len(self.groups))]
            given.append(norm(levels[stride] + _resampled(tokens, token_grid, grid)))
        return given

    def interact(
        self, images: Tensor, maps: Sequence[Tensor], grids: Sequence[SiteGrid]
    ) -> tuple[list[Tensor], SiteGrid, Tensor]:
        """Run the transformer's blocks, and between them the interactions.

        Args:
            images: (B, 3, H, W), normalised.
            maps: the spatial features of each scale.
            grids: their grids.

        Returns:
            The (B, N, C) patch tokens after each group of blocks, their grid, and the (B, S, C) features.
        """
        tokens, token_grid = self._embedded(images)
        middles = token_grid.middles_on(grids[0], images.device)
        features = torch.cat(
            [as_tokens(one) + self.level_embedding[row] for row, one in enumerate(maps)], dim=1
        )
        # Class token and registers are neither given features nor asked for any.
        transformer: Any = self.transformer
        prefix = transformer.num_prefix_tokens
        after: list[Tensor] = []
        for group, inject, extract in zip(
            self.groups, self.injectors, self.extractors, strict=True
        ):
            patches = inject(tokens[:, prefix:], middles, features, grids)
            tokens = torch.cat([tokens[:, :prefix], patches], dim=1) if prefix else patches
            for row in group:
                tokens = transformer.blocks[row](tokens)
            after.append(tokens[:, prefix:])
            features = extract(features, grids, after[-1], token_grid)
        return after, token_grid, features

    def _embedded(self, images: Tensor) -> tuple[Tensor, SiteGrid]:
        """Return all tokens before the first block, and the grid of those that are patches.

        Images that the patch does not divide are mirrored at their right and lower edge, by less than a
        patch, so that nothing is rescaled and every token keeps its place.
        """
        height, width = images.shape[-2:]
        grid = SiteGrid.over(height, width, self.patch)
        right, below = grid.columns * self.patch - width, grid.rows * self.patch - height
        if right or below:
            images = functional.pad(images, (0, right, 0, below), mode="reflect")
        transformer: Any = self.transformer
        embedded = transformer.patch_embed(images)
        tokens = transformer._pos_embed(embedded)  # noqa: SLF001  timm has no other door
        return transformer.norm_pre(tokens), grid


def adapted_transformer(
    name: str,
    options: Mapping[str, object],
    config: AdapterConfig,
    *,
    strides: tuple[int, ...],
    coarsest: int,
) -> AdaptedTransformer:
    """Return a timm vision transformer in an adapter, both with random weights; arguments as there.

    Raises:
        InputError: the options or the adapter do not suit the transformer.
    """
    transformer: Any = created(name, options, num_classes=0, global_pool="", dynamic_img_size=True)
    transformer.norm = nn.Identity()
    return AdaptedTransformer(transformer, config, strides=strides, coarsest=coarsest)


def _resampled(tokens: Tensor, token_grid: SiteGrid, grid: SiteGrid) -> Tensor:
    """Return the tokens as a (B, C, rows, columns) map of another grid, bilinearly."""
    middles = grid.middles_on(token_grid, tokens.device)
    looks = (
        (2 * middles - 1).reshape(1, grid.rows, grid.columns, 2).expand(tokens.shape[0], -1, -1, -1)
    )
    return functional.grid_sample(
        token_grid.as_map(tokens).to(looks.dtype),
        looks,
        padding_mode="border",
        align_corners=False,
    )


def _groups(depth: int, interactions: int) -> list[range]:
    """Return the blocks of each interaction, spread evenly."""
    if interactions > depth:
        raise InputError(
            f"{interactions} interactions of the adapter need as many blocks, and the transformer has"
            f" {depth}; set fewer interactions"
        )
    ends = [depth * part // interactions for part in range(interactions + 1)]
    return [range(start, end) for start, end in pairwise(ends)]


def _group_of(stride: int, groups: int) -> int:
    """Return the group whose tokens are added at a stride: early ones to fine maps, the last at 32."""
    quarter = stride.bit_length() - 2
    return -(-groups * quarter // 4) - 1
