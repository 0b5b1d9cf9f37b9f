"""Patherea-P2P: backbone, feature pyramid and two heads on anchor points (paper, figure 1)."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from patherea_core.batch import Branch, Proposals
from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.anchors import anchor_points
from patherea_core.model.backbones import build_backbone
from patherea_core.model.fpn import FeaturePyramid, SingleLevel
from patherea_core.model.heads import Head


class P2PNetwork(nn.Module):
    """Propose a position and class logits for every anchor point of a tile."""

    def __init__(self, config: NetworkConfig, class_count: int) -> None:
        """Take the number of cell classes; background comes on top.

        Raises:
            InputError: as ``build_backbone``.
        """
        super().__init__()
        self.config = config
        width = config.head_channels or config.fpn_channels
        self.backbone = build_backbone(config)
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
    def largest_stride(self) -> int:
        """Sides of tiles are multiples of it, in pixels."""
        return self.backbone.largest_stride

    def forward(self, images: Tensor) -> Proposals:
        """Return the proposals for (B, 3, H, W) uint8 RGB tiles.

        Raises:
            ShapeError: H or W is not a multiple of the largest stride.
        """
        features: Tensor = self.pyramid(self.backbone(images))
        rows, columns = features.shape[-2:]
        stride, per_side = self.config.feature_stride, self.config.anchors_per_side
        anchors = anchor_points(rows, columns, stride, per_side, features.device)
        offsets, many_offsets = self.regression(features)
        logits, many_logits = self.classification(features)
        one_to_one = Branch(anchors + offsets.float(), logits.float())
        if many_offsets is None:
            return Proposals(anchors, one_to_one, None)
        return Proposals(
            anchors, one_to_one, Branch(anchors + many_offsets.float(), many_logits.float())
        )

    def parameter_groups(self, backbone_rate_factor: float) -> list[dict[str, Any]]:
        """Return what an optimiser trains: the pretrained part of the backbone, if at all, and the rest.

        Each group has "params" and "lr_factor", its learning rate as a multiple of that of the rest;
        parameters that need no gradient are left out, and so is a group without parameters.
        """
        pretrained = list(self.backbone.pretrained_part.parameters())
        known = {id(parameter) for parameter in pretrained}
        rest = [parameter for parameter in self.parameters() if id(parameter) not in known]
        groups = [(pretrained, backbone_rate_factor), (rest, 1.0)]
        trained = [
            ([parameter for parameter in parameters if parameter.requires_grad], factor)
            for parameters, factor in groups
        ]
        return [
            {"params": parameters, "lr_factor": factor}
            for parameters, factor in trained
            if parameters
        ]

    def trained_state(self) -> dict[str, Tensor]:
        """Return all weights and statistics by name, without those of a frozen pretrained backbone."""
        state: dict[str, Tensor] = self.state_dict()
        if not self.backbone.frozen:
            return state
        pretrained = f"backbone.{self.backbone.pretrained_prefix}"
        return {name: tensor for name, tensor in state.items() if not name.startswith(pretrained)}

    def load_trained_state(self, state: Mapping[str, Tensor]) -> None:
        """Take in what ``trained_state`` or ``state_dict`` gave; a frozen backbone may be left out.

        Raises:
            InputError: a tensor is missing, unknown or of another shape.
        """
        missing = sorted(self.trained_state().keys() - state.keys())
        unknown = sorted(state.keys() - self.state_dict().keys())
        for names, fault in ((missing, "lack"), (unknown, "have, without use,")):
            if names:
                raise InputError(
                    f"the weights {fault} {names[0]!r} and {len(names) - 1} more: they belong to a"
                    f" network of another form than {self.config.backbone!r} as it is configured here"
                )
        try:
            self.load_state_dict(dict(state), strict=False)
        except RuntimeError as error:
            raise InputError(
                f"the weights are not those of the network that is configured here: {error}"
            ) from error


def _head(config: NetworkConfig, width: int, outputs: int) -> Head:
    return Head(
        width,
        config.head_blocks,
        anchors=config.anchors_per_side**2,
        outputs=outputs,
        one_to_many=config.one_to_many,
    )
