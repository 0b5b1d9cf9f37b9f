"""Which network a recipe wants, by its kind."""

from collections.abc import Callable, Mapping

from patherea_core.config import Model, NetworkConfig
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.model.fcrn import FCRNetwork
from patherea_core.model.network import P2PNetwork

_KINDS: Mapping[Model, Callable[[NetworkConfig, int], DetectorNetwork]] = {
    "p2p": P2PNetwork,
    "fcrn": FCRNetwork,
}


def build_detector(config: NetworkConfig, class_count: int) -> DetectorNetwork:
    """Return a network with random weights.

    Args:
        config: its shape.
        class_count: number of cell classes.

    Raises:
        InputError: there is no such backbone, or its settings do not suit it.
    """
    return _KINDS[config.model](config, class_count)
