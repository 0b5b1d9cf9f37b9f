"""Detection in one tile, wherever its pixels come from."""

import numpy as np
import torch

from patherea_core.decoding import decode
from patherea_core.geometry import Pixels
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.points import Detections
from patherea_core.tiling import Tile, owned_by


def detect_owned(
    network: DetectorNetwork, pixels: Pixels, tile: Tile, least_score: float
) -> Detections:
    """Return the detections that a tile's core owns, in the frame of its window.

    Args:
        network: on whatever device.
        pixels: (H, W, 3) what the tile's window shows.
        tile: which anchor points count.
        least_score: least probability of a detection.
    """
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    outputs = network(image.to(next(network.parameters()).device))
    owned = owned_by(tile, outputs.anchors.double().cpu().numpy())
    found = decode(outputs, 0, score_threshold=least_score, owned=owned)
    return found.moved_to(found.xy + np.array([tile.window.left, tile.window.top]))
