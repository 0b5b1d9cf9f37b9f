"""What stands before and after a layer, so that hidden sites neither matter to it nor come out of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn


class HiddenSites(Protocol):
    """Where a map is hidden; sparse.Visibility is one."""

    def hidden_sites(self, height: int, width: int) -> Tensor:
        """Return (B, height, width) bool, True for the hidden sites of a map."""

    def visible_rows(self, height: int, width: int) -> Tensor:
        """Return the (B · V,) rows of the visible sites in a table of the B · height · width sites."""


class Guard(Protocol):
    """What stands before and after a layer."""

    def watch(self, layer: nn.Module) -> None:
        """Stand before or after the layer from now on."""


@dataclass(eq=False)
class Cleared:
    """Hidden sites are put back to zero after a layer.

    Attributes:
        visibility: which they are.
        channels: axis of the channels of its map, 1 or -1.
    """

    visibility: HiddenSites
    channels: int = 1

    def watch(self, layer: nn.Module) -> None:
        """Stand after the layer."""
        layer.register_forward_hook(self.clear)

    def clear(self, _layer: nn.Module, _given: Any, maps: Tensor) -> Tensor:  # noqa: ANN401  torch's
        """Return the maps with zero in the hidden sites."""
        first = self.channels == 1
        hidden = self.visibility.hidden_sites(*(maps.shape[2:] if first else maps.shape[1:3]))
        # In its place: these layers make a new map, and none needs it for its gradient.
        return maps.masked_fill_(hidden.unsqueeze(self.channels), 0)


@dataclass(eq=False)
class VisibleAlone:
    """A layer for which the order of sites does not matter is given the visible ones alone.

    They come as maps of one column, (B, C, V, 1), so that means and norms are over them.
    """

    visibility: HiddenSites
    shape: tuple[int, int, int, int] = (0, 0, 0, 0)

    def watch(self, layer: nn.Module) -> None:
        """Stand before and after the layer."""
        layer.register_forward_pre_hook(self.gather)
        layer.register_forward_hook(self.scatter)

    def gather(self, _layer: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        """Return the visible sites of the maps."""
        (maps,) = given
        batch, channels, height, width = self.shape = tuple(maps.shape)  # type: ignore[assignment]
        table = maps.permute(0, 2, 3, 1).reshape(-1, channels)
        shown = table.index_select(0, self.visibility.visible_rows(height, width))
        return (shown.reshape(batch, -1, 1, channels).permute(0, 3, 1, 2),)

    def scatter(self, _layer: nn.Module, _given: tuple[Tensor], shown: Tensor) -> Tensor:
        """Return maps with these in the visible sites, and zero in the others."""
        batch, _, height, width = self.shape
        channels = shown.shape[1]
        rows = shown.permute(0, 2, 3, 1).reshape(-1, channels)
        table = rows.new_zeros(batch * height * width, channels)
        table = table.index_copy(0, self.visibility.visible_rows(height, width), rows)
        return table.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


@dataclass(eq=False)
class LargestVisible(Cleared):
    """Maximum pooling takes the largest of the visible sites."""

    def watch(self, layer: nn.Module) -> None:
        """Stand before and after the layer."""
        layer.register_forward_pre_hook(self.lower)
        layer.register_forward_hook(self.clear)

    def lower(self, _layer: nn.Module, given: tuple[Tensor]) -> tuple[Tensor]:
        """Return maps in which no hidden site is the largest."""
        (maps,) = given
        hidden = self.visibility.hidden_sites(*maps.shape[2:])
        # A copy filled in its place keeps the order of memory, which a filled copy does not.
        return (maps.clone().masked_fill_(hidden[:, None], -torch.inf),)


@dataclass(eq=False)
class MeanVisible(Cleared):
    """Average pooling takes the mean of the visible sites."""

    def watch(self, layer: nn.Module) -> None:
        """Stand after the layer."""
        layer.register_forward_hook(self.weigh)

    def weigh(self, layer: nn.Module, given: tuple[Tensor], means: Tensor) -> Tensor:
        """Return means over all sites, of which the hidden are zero, as means over the visible ones."""
        (maps,) = given
        visible = (~self.visibility.hidden_sites(*maps.shape[2:]))[:, None].to(means.dtype)
        pool: Callable[[Tensor], Tensor] = layer.forward
        # What padding takes from a mean without any hidden site, it may keep.
        share = pool(visible) / pool(torch.ones_like(visible))
        return self.clear(layer, given, means / share.masked_fill(share == 0, 1))
