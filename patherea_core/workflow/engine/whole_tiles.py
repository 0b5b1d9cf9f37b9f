"""Detection in whole validation tiles, however large, as far as the device's memory goes."""

import logging

import numpy as np
import shapely

from patherea_core.decoding import one_per_cell
from patherea_core.errors import TrainingError
from patherea_core.geometry import Box, Pixels
from patherea_core.model.detector_network import DetectorNetwork
from patherea_core.points import Detections
from patherea_core.tiling import Tile, cover
from patherea_core.workflow.engine.back_off import is_out_of_memory, release
from patherea_core.workflow.tile_detection import detect_owned

log = logging.getLogger(__name__)

#: What a piece of a tile sees around itself, in pixels, as a share of its side.
_HALO = 0.25
#: Pieces are not cut smaller than that, in pixels.
_SMALLEST = 64


class WholeTiles:
    """Detects in a tile as a whole; where memory does not suffice, in pieces that overlap.

    From then on all tiles are cut, so that it is tried once only.

    Args:
        least_distance: pixels below which two detections are one cell.

    Attributes:
        side: of the pieces in pixels; None as long as tiles are not cut.
    """

    def __init__(self, least_distance: float = 0.0) -> None:
        self.side: int | None = None
        self._least_distance = least_distance

    def detect(self, network: DetectorNetwork, pixels: Pixels, least_score: float) -> Detections:
        """Return all that scores as much in an (H, W, 3) tile, in its pixels.

        Raises:
            TrainingError: memory does not even suffice for a small piece.
        """
        while True:
            try:
                parts = [
                    detect_owned(network, _cut_out(pixels, piece.window), piece, least_score)
                    for piece in self._pieces(network, pixels)
                ]
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            else:
                return one_per_cell(Detections.concatenate(parts), self._least_distance)
            release()
            self._cut(max(pixels.shape[:2]))

    def _pieces(self, network: DetectorNetwork, pixels: Pixels) -> list[Tile]:
        height, width = pixels.shape[:2]
        side, halo = max(height, width), 0
        if self.side is not None and self.side < side:
            side, halo = self.side, round(_HALO * self.side)
        whole = shapely.box(0, 0, width, height)
        return cover(whole, tile_size=side, halo=halo, grid=network.largest_stride)

    def _cut(self, length: int) -> None:
        smaller = min(length, self.side or length) // 2
        if smaller < _SMALLEST:
            raise TrainingError(
                "memory does not suffice to validate; give the training a device with more memory, or take"
                " a smaller network"
            )
        log.warning(
            "memory does not suffice to validate tiles of %d pixels as a whole: they are cut into pieces"
            " of %d that overlap, which may move a score a little",
            length,
            smaller,
        )
        self.side = smaller


def _cut_out(pixels: Pixels, window: Box) -> Pixels:
    """Return what a window shows of (H, W, 3) pixels; beyond their edges all is white."""
    height, width = pixels.shape[:2]
    inner = window.intersection(Box(0, 0, width, height))
    assert inner is not None
    before = (inner.top - window.top, inner.left - window.left)
    after = (window.bottom - inner.bottom, window.right - inner.right)
    shown = pixels[inner.top : inner.bottom, inner.left : inner.right]
    margins = [*zip(before, after, strict=True), (0, 0)]
    return np.pad(shown, margins, constant_values=255)
