"""Feature pyramids of timm's convolutional networks, without the stages that nobody reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.timm_models import created, described


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a timm pyramid: its index there, and what it looks like.

    Attributes:
        index: row of timm's list of levels.
        stride: input pixels along the side of a site.
        channels: width.
    """

    index: int
    stride: int
    channels: int


#: Sides of an image, multiples of the coarsest stride, that no network is named for.
_UNUSUAL = (256, 288)

#: The levels of models that were asked for before: timm builds the whole model to tell them.
_KNOWN: dict[tuple[str, str], Mapping[int, Level]] = {}


def chosen_levels(
    name: str, options: Mapping[str, object], finest: int, coarsest: int, *, exact: bool = True
) -> list[Level]:
    """Return the levels of a timm model from one stride to another, the deepest of each stride.

    Args:
        name: what timm calls it.
        options: further arguments of it.
        finest: least stride.
        coarsest: largest stride.
        exact: whether there has to be a level of the finest stride; else those beyond it serve.

    Raises:
        InputError: there is no such model, or it has no level of the finest stride, or none that serves.
    """
    of_stride = _deepest(name, options)
    chosen = [of_stride[stride] for stride in sorted(of_stride) if finest <= stride <= coarsest]
    if not chosen or (exact and chosen[0].stride != finest):
        where = f"none at {finest}" if exact else f"none from {finest} to {coarsest}"
        raise InputError(f"{name!r} has levels at strides {sorted(of_stride)}, {where}")
    return chosen


def require_all_sizes(name: str, options: Mapping[str, object]) -> None:
    """Refuse a timm model whose pyramid takes images of one size only, or whose levels do not divide them.

    Only shapes are computed, no numbers.

    Raises:
        InputError: there is no such model, or it is one of these.
    """
    model: Any = described(name, options, features_only=True)
    try:
        levels = channels_first(model, model(torch.zeros(1, 3, *_UNUSUAL, device="meta")))
    except (AssertionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{name!r} takes images of one size only, and a detector meets tiles of many; name a backbone of"
            " convolutions, or a plain vision transformer"
        ) from error
    for level, stride in zip(levels, model.feature_info.reduction(), strict=True):
        if level.shape[-2:] != (_UNUSUAL[0] // stride, _UNUSUAL[1] // stride):
            raise InputError(
                f"{name!r} does not pad its input, so that its maps of {stride} pixels a site do not cover an"
                " image; name another backbone"
            )


def _deepest(name: str, options: Mapping[str, object]) -> Mapping[int, Level]:
    """Return the deepest level of each stride of a timm model."""
    key = name, repr(sorted(options.items()))
    if key not in _KNOWN:
        model: Any = described(name, options, features_only=True)
        features = model.feature_info
        shapes = zip(features.reduction(), features.channels(), strict=True)
        _KNOWN[key] = {
            stride: Level(index, stride, channels)
            for index, (stride, channels) in enumerate(shapes)
        }
    return _KNOWN[key]


def timm_pyramid(name: str, options: Mapping[str, object], levels: list[Level]) -> nn.Module:
    """Return a module from normalised images to the maps of the levels, with random weights."""
    indices = [level.index for level in levels]
    pyramid: Any = created(name, options, features_only=True, out_indices=indices)
    _cut(pyramid)
    built: nn.Module = pyramid
    return built


def _cut(pyramid: Any) -> None:  # noqa: ANN401  timm's loose types
    """Take out stages behind the last level, which timm keeps in networks of the EfficientNet kind."""
    last = pyramid.feature_info.module_name()[-1].split(".")
    if last[0] == "blocks" and isinstance(getattr(pyramid, "blocks", None), nn.Sequential):
        pyramid.blocks = pyramid.blocks[: int(last[1]) + 1]


def channels_first(pyramid: nn.Module, maps: list[Tensor]) -> list[Tensor]:
    """Return the maps as (B, C, h, w), whichever order the timm model gives them in."""
    if str(getattr(pyramid, "output_fmt", "NCHW")).endswith("NHWC"):
        return [level.permute(0, 3, 1, 2) for level in maps]
    return maps
