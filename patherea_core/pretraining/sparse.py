"""Sparse convolution by masks: any timm network of known layers, made to see visible cells alone.

A hidden site is zero in every map. Convolutions and norms of single sites are computed everywhere, and their
result is put back to zero; what looks at all sites at once (batch and group norm, squeeze and excitation) is
given the visible ones alone. No layer is replaced, so that the network keeps timm's names.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn

from patherea_core.errors import InputError
from patherea_core.model.timm_layers import (
    KEEP_ZERO,
    LARGEST_AROUND,
    MEAN_AROUND,
    OVER_ALL_SITES,
    is_channels_first,
    is_channels_last,
    is_only_its_parts,
)
from patherea_core.pretraining.masking import enlarged
from patherea_core.pretraining.sparse_layers import (
    Cleared,
    Guard,
    LargestVisible,
    MeanVisible,
    VisibleAlone,
)


class Visibility:
    """Which cells of the tiles in hand are hidden, for all layers of a network at once."""

    def __init__(self) -> None:
        self._hidden: Tensor | None = None
        self._sites: dict[tuple[int, int], Tensor] = {}
        self._rows: dict[tuple[int, int], Tensor] = {}

    @contextmanager
    def hiding(self, hidden: Tensor) -> Iterator[None]:
        """Hide these (B, R, C) cells from the network, equally many in each tile, for a while."""
        self._hidden = hidden
        try:
            yield
        finally:
            self._hidden = None
            self._sites.clear()
            self._rows.clear()

    def hidden_sites(self, height: int, width: int) -> Tensor:
        """Return (B, height, width) bool, True for the hidden sites of a map.

        Raises:
            InputError: the cells have no whole number of its sites.
        """
        assert self._hidden is not None, "a sparse network is only run while something is hidden"
        key = (height, width)
        if key not in self._sites:
            self._sites[key] = enlarged(self._hidden, height, width)
        return self._sites[key]

    def visible_rows(self, height: int, width: int) -> Tensor:
        """Return the (B · V,) rows of the visible sites in a table of the B · height · width sites."""
        key = (height, width)
        if key not in self._rows:
            self._rows[key] = (~self.hidden_sites(height, width)).flatten().nonzero().squeeze(1)
        return self._rows[key]


def make_sparse(network: nn.Module, visibility: Visibility) -> None:
    """Have the layers of a network see what is visible alone; weights and their names stay.

    Raises:
        InputError: it has a layer that is not known to keep hidden and visible sites apart.
    """
    for layer in network.children():
        guard = _guard(layer, visibility)
        if guard is not None:
            guard.watch(layer)
        elif is_only_its_parts(layer):
            make_sparse(layer, visibility)
        elif not isinstance(layer, KEEP_ZERO):
            raise InputError(
                f"SparK cannot hide cells from a layer of the kind {type(layer).__name__}; name a backbone"
                " without it, say convnext_base, resnet50 or mobilenetv2_100"
            )


def _guard(layer: nn.Module, visibility: Visibility) -> Guard | None:
    """Return what keeps hidden sites out of a layer; None if it needs nothing, or is not known."""
    if isinstance(layer, OVER_ALL_SITES):
        return VisibleAlone(visibility)
    if isinstance(layer, LARGEST_AROUND):
        return LargestVisible(visibility)
    if isinstance(layer, MEAN_AROUND):
        return MeanVisible(visibility)
    if is_channels_first(layer):
        return Cleared(visibility, channels=1)
    return Cleared(visibility, channels=-1) if is_channels_last(layer) else None
