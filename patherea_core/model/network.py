"""Patherea-P2P: backbone, feature pyramid and two heads on anchor points (paper, figure 1)."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from patherea_core.batch import Branch, Proposals
from patherea_core.config import NetworkConfig
from patherea_core.model.backbones import build_backbone
from patherea_core.model.class_rows import with_class_rows
from patherea_core.model.detector_network import AnchorLayout, DetectorNetwork
from patherea_core.model.fpn import FeaturePyramid, SingleLevel
from patherea_core.model.heads import Head


class P2PNetwork(DetectorNetwork):
    """Propose a position and class logits for every anchor point of a tile."""

    def __init__(self, config: NetworkConfig, class_count: int) -> None:
        """Take the number of cell classes; background comes on top.

        Raises:
            InputError: as ``build_backbone``.
        """
        super().__init__(config, build_backbone(config))
        width = config.head_channels or config.fpn_channels
        channels = self.backbone.channels
        self.pyramid: nn.Module = (
            FeaturePyramid(channels, config.fpn_channels, width)
            if config.fpn
            else SingleLevel(channels[0], width)
        )
        self.regression = _head(config, width, outputs=2)
        self.regression.rectified = config.rectified_offsets
        self.classification = _head(config, width, outputs=class_count + 1)

    @property
    def anchor_layout(self) -> AnchorLayout:
        """How the anchor points lie."""
        return AnchorLayout(self.config.feature_stride, self.config.anchors_per_side)

    def forward(self, images: Tensor) -> Proposals:
        """Return the proposals for (B, 3, H, W) uint8 RGB tiles.

        Raises:
            ShapeError: H or W is not a multiple of the largest stride.
        """
        features: Tensor = self.pyramid(self.backbone(images))
        rows, columns = features.shape[-2:]
        anchors = self.anchor_layout.over(rows, columns, features.device)
        offsets, many_offsets = self.regression(features)
        logits, many_logits = self.classification(features)
        one_to_one = Branch(anchors + offsets.float(), logits.float())
        if many_offsets is None:
            return Proposals(anchors, one_to_one, None)
        return Proposals(
            anchors, one_to_one, Branch(anchors + many_offsets.float(), many_logits.float())
        )

    def with_classes_of(
        self, trained: Mapping[str, Tensor], rows: Sequence[int | None], trained_classes: int
    ) -> dict[str, Tensor]:
        """Return all weights of a trained network in the form of this one; see ``DetectorNetwork``."""
        return with_class_rows(trained, self.state_dict(), rows, trained_classes)


def _head(config: NetworkConfig, width: int, outputs: int) -> Head:
    return Head(
        width,
        config.head_blocks,
        anchors=config.anchors_per_side**2,
        outputs=outputs,
        one_to_many=config.one_to_many,
    )
