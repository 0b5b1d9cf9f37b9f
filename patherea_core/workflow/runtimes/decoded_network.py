"""A network with its decoding as one module, for compilers and exporters."""

import torch
from torch import Tensor

from patherea_core.model.detector_network import DetectorNetwork

#: Positions (B, M, 2), scores (B, M) and classes (B, M) of the anchor points.
Decoded = tuple[Tensor, Tensor, Tensor]


class DecodedNetwork(torch.nn.Module):
    """A network with its decoding, in and out of which go plain tensors alone."""

    def __init__(self, network: DetectorNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Decoded:
        """Return positions (B, M, 2), scores (B, M) and classes (B, M) of (B, 3, H, W) uint8 tiles."""
        sites = self.network(images).sites()
        return sites.xy, sites.score, sites.class_index
