"""Hibou-B, a DINOv2 with registers that was pretrained on pathology, from its published files.

What it is, and whose names its file has, stands with the other foundation models.
"""

from pathlib import Path

from torch import Tensor

from patherea_core.config import NetworkConfig
from patherea_core.model.pretrained import read_backbone_weights
from patherea_core.model.weight_cards import card_of
from patherea_core.model.weight_files import BackboneCard, read_weight_file

#: What the registry of foundation models calls it.
NAME = "hibou-b"


def read(source: Path) -> tuple[dict[str, Tensor], BackboneCard]:
    """Return the weights by timm's names, and their card.

    Raises:
        InputError: the file cannot be read, or is of another network.
    """
    network = NetworkConfig(backbone=NAME)
    weights = read_backbone_weights(source, network)
    return dict(weights.state), card_of(network, read_weight_file(source), source, fetched=False)
