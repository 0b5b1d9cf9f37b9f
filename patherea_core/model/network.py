"""Patherea-P2P: backbone, feature pyramid and two heads on anchor points (paper, figure 1)."""

from torch import Tensor, nn

from patherea_core.batch import Branch, Proposals
from patherea_core.config import NetworkConfig
from patherea_core.errors import ShapeError
from patherea_core.model.anchors import anchor_points
from patherea_core.model.backbones import Backbone
from patherea_core.model.fpn import FeaturePyramid
from patherea_core.model.heads import Head


class P2PNetwork(nn.Module):
    """Propose a position and class logits for every anchor point of a tile."""

    def __init__(self, config: NetworkConfig, class_count: int) -> None:
        super().__init__()
        self.config = config
        anchors = config.anchors_per_side**2
        width = config.fpn_channels
        self.backbone = Backbone(config.backbone, config.feature_stride)
        self.pyramid = FeaturePyramid(self.backbone.channels, width)
        self.regression = Head(
            width, config.head_blocks, anchors=anchors, outputs=2, one_to_many=config.one_to_many
        )
        self.classification = Head(
            width,
            config.head_blocks,
            anchors=anchors,
            outputs=class_count + 1,
            one_to_many=config.one_to_many,
        )

    @property
    def largest_stride(self) -> int:
        """Input pixels a site of the coarsest level; sides of tiles are multiples of it."""
        return self.backbone.strides[-1]

    def forward(self, images: Tensor) -> Proposals:
        """Return the proposals for (B, 3, H, W) uint8 RGB tiles.

        Raises:
            ShapeError: H or W is not a multiple of the largest stride.
        """
        height, width = images.shape[-2:]
        if height % self.largest_stride or width % self.largest_stride:
            raise ShapeError(
                f"the sides of a tile must be multiples of {self.largest_stride} pixels,"
                f" not {height} × {width}"
            )
        features = self.pyramid(self.backbone(images))
        rows, columns = features.shape[-2:]
        stride, per_side = self.config.feature_stride, self.config.anchors_per_side
        anchors = anchor_points(rows, columns, stride, per_side).to(features.device)
        offsets, many_offsets = self.regression(features)
        logits, many_logits = self.classification(features)
        one_to_one = Branch(anchors + offsets.float(), logits.float())
        if many_offsets is None:
            return Proposals(anchors, one_to_one, None)
        return Proposals(
            anchors, one_to_one, Branch(anchors + many_offsets.float(), many_logits.float())
        )
