"""Patherea-FCRN: fully convolutional regression of proximity maps (Xie et al. 2018), one for each class.

The paper names the method, a ResNet-34 as its backbone, and that it tells classes apart, and no more. Here
an encoder and a decoder with the encoder's levels beside it give a map for each class, which a sigmoid keeps
in [0, 1].
"""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.backbones import build_backbone
from patherea_core.model.detector_network import AnchorLayout, DetectorNetwork
from patherea_core.model.rising_decoder import RisingDecoder
from patherea_core.proximity import Proximity
from patherea_core.proximity_maps import ProximityMaps

#: What every map says before anything is learnt: cells are rare.
_AT_FIRST = 0.05

#: The convolution that gives the maps, a channel for each class.
_OUTPUT = "output"


class FCRNetwork(DetectorNetwork):
    """Say of every site of a tile how near it is to a cell of each class."""

    def __init__(self, config: NetworkConfig, class_count: int) -> None:
        """Take the number of cell classes; there is no background.

        Raises:
            InputError: as ``build_backbone``, or the settings have no proximity maps.
        """
        super().__init__(config, build_backbone(config))
        if config.proximity is None:
            raise InputError("network.proximity is missing, without which there are no maps")
        self.proximity = Proximity(config.proximity.radius, config.proximity.decay)
        self.decoder = RisingDecoder(
            self.backbone.strides,
            self.backbone.channels,
            finest=config.feature_stride,
            width=config.fpn_channels,
        )
        self.output = nn.Conv2d(self.decoder.width, class_count, kernel_size=3, padding=1)
        nn.init.normal_(self.output.weight, std=0.01)
        assert self.output.bias is not None
        nn.init.constant_(self.output.bias, math.log(_AT_FIRST / (1 - _AT_FIRST)))

    @property
    def anchor_layout(self) -> AnchorLayout:
        """How the anchor points lie: in the middle of each site of a map."""
        return AnchorLayout(self.config.feature_stride, 1)

    def forward(self, images: Tensor) -> ProximityMaps:
        """Return the maps of (B, 3, H, W) uint8 RGB tiles.

        Raises:
            ShapeError: H or W is not a multiple of the largest stride.
        """
        drawn: Tensor = self.output(self.decoder(self.backbone(images)))
        rows, columns = drawn.shape[-2:]
        anchors = self.anchor_layout.over(rows, columns, drawn.device)
        values = drawn.float().sigmoid()
        return ProximityMaps(anchors, values, self.config.feature_stride, self.proximity)

    def with_classes_of(
        self,
        trained: Mapping[str, Tensor],
        rows: Sequence[int | None],
        trained_classes: int,  # noqa: ARG002  each class has a channel of its own
    ) -> dict[str, Tensor]:
        """Return all weights of a trained network in the form of this one; see ``DetectorNetwork``."""
        state, fresh = dict(trained), self.state_dict()
        kept = [(new, old) for new, old in enumerate(rows) if old is not None]
        new, old = (
            torch.tensor([pair[side] for pair in kept], dtype=torch.int64) for side in (0, 1)
        )
        for name in (f"{_OUTPUT}.weight", f"{_OUTPUT}.bias"):
            state[name] = fresh[name].index_copy(0, new, trained[name][old])
        return state
