"""What every detector network is, whichever way it looks for cells: a backbone, and something on top.

The rest of the program builds, trains, runs and keeps networks by this class alone; what a kind of network
says, and how it is read, is ``Outputs``. Which kind a recipe wants is decided in ``building``.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from patherea_core.batch import Outputs
from patherea_core.config import NetworkConfig
from patherea_core.errors import InputError
from patherea_core.model.anchors import anchor_points
from patherea_core.model.backbones import Backbone


@dataclass(frozen=True, slots=True)
class AnchorLayout:
    """How the anchor points of a network lie, on tiles of any size.

    Attributes:
        stride: tile pixels along the side of a site.
        per_side: anchor points along it.
    """

    stride: int
    per_side: int

    def over(self, rows: int, columns: int, device: torch.device | None = None) -> Tensor:
        """Return the (M, 2) anchor points of so many sites, in tile pixels; see ``anchor_points``."""
        return anchor_points(rows, columns, self.stride, self.per_side, device)


class DetectorNetwork(nn.Module, ABC):
    """A network that finds cells in tiles.

    Attributes:
        config: its shape.
        backbone: its part that may be pretrained.
    """

    def __init__(self, config: NetworkConfig, backbone: Backbone) -> None:
        super().__init__()
        self.config = config
        self.backbone = backbone

    @property
    def largest_stride(self) -> int:
        """Sides of tiles are multiples of it, in pixels."""
        return self.backbone.largest_stride

    @property
    @abstractmethod
    def anchor_layout(self) -> AnchorLayout:
        """How the anchor points lie."""

    @abstractmethod
    def forward(self, images: Tensor) -> Outputs:
        """Return what (B, 3, H, W) uint8 RGB tiles show.

        Raises:
            ShapeError: H or W is not a multiple of the largest stride.
        """

    @abstractmethod
    def with_classes_of(
        self, trained: Mapping[str, Tensor], rows: Sequence[int | None], trained_classes: int
    ) -> dict[str, Tensor]:
        """Return all weights of a trained network of this form, but for its classes, in the form of this one.

        A class that the trained network does not have stays as it is here; what the trained one knows of
        a class that is not here is left out.

        Args:
            trained: weights by name.
            rows: for each class of this network its row in the trained one; None for none.
            trained_classes: how many classes the trained network has.
        """

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
