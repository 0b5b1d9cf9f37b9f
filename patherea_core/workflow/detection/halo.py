"""How much a tile must see around the part it answers for, measured once for each model.

The theoretical receptive field of a deep network is larger than any tile, but what lies far away hardly moves
a decision. So windows with rising halos are compared with one large image.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from patherea_core.geometry import Bools, Box, Ints, Pixels
from patherea_core.tiling import Tile, owned_by
from patherea_core.workflow.runtimes.runtime import Runtime

#: Halos that are tried, in working pixels.
HALOS = (0, 32, 64, 96, 128, 192, 256)

#: Side of the cores that are compared.
_CORE = 256

#: Largest share of cells that may be decided differently.
_TOLERATED = 0.001

#: Side of the image that is taken for the truth: four cores with the widest halo around.
_SIDE = 2 * _CORE + 2 * HALOS[-1]


def mosaic(images: Sequence[Pixels]) -> Pixels | None:
    """Return images side by side, large enough to measure a halo in; None if they do not suffice.

    Args:
        images: (H, W, 3) each; what is too much is left out.
    """
    canvas = np.full((_SIDE, _SIDE, 3), 255, dtype=np.uint8)
    left = top = height = 0
    for image in images:
        if left >= _SIDE:
            left, top, height = 0, top + height, 0
        if top >= _SIDE:
            return canvas
        part = image[: _SIDE - top, : _SIDE - left]
        canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
        # A row is as high as its lowest image, so that no gap stays; what is cut off lies under the next.
        height = min(height or part.shape[0], part.shape[0])
        left += part.shape[1]
    return canvas if top + height >= _SIDE and left >= _SIDE else None


def effective_halo(runtime: Runtime, threshold: float, image: Pixels) -> int:
    """Return the least halo at which no more than one cell in a thousand is decided otherwise.

    A cell is decided otherwise if it is found in one way only, or is of another class.

    Args:
        runtime: what runs the network.
        threshold: least probability of a detection.
        image: what ``mosaic`` returned.

    Returns:
        working pixels, a multiple of the network's largest stride; the widest that is tried if none suffices.
    """
    grid, side = runtime.grid, image.shape[0] // runtime.grid * runtime.grid
    whole = Box(0, 0, side, side)
    truth = _decided(runtime, threshold, image, Tile(whole, whole))
    cores = list(_cores(grid, side))
    anchors = runtime.anchors(side, side)
    expected = [truth[core.contains(anchors)] for core in cores]
    cells = sum(int((decided >= 0).sum()) for decided in expected)
    halos = [-(-wide // grid) * grid for wide in HALOS]
    for halo in halos:
        different = sum(
            int((_decided(runtime, threshold, image, Tile(core, core.grown(halo))) != right).sum())
            for core, right in zip(cores, expected, strict=True)
        )
        if different <= _TOLERATED * cells:
            return halo
    return halos[-1]


def _cores(grid: int, side: int) -> Iterator[Box]:
    """Yield four cores around the middle, around each of which the widest halo lies within the image."""
    size = _CORE // grid * grid
    middle = side // 2 // grid * grid
    for top in (middle - size, middle):
        for left in (middle - size, middle):
            yield Box(left, top, size, size)


def _decided(runtime: Runtime, threshold: float, image: Pixels, tile: Tile) -> Ints:
    """Return (M,) the class of each anchor point of a core, in their order; -1 where there is no cell."""
    window = tile.window
    pixels = image[window.top : window.bottom, window.left : window.right]
    sites = runtime.run(torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)[None])
    owned: Bools = owned_by(tile, runtime.anchors(window.height, window.width))
    kept = (sites.score[0] >= threshold).cpu().numpy()
    decided: Ints = np.where(kept, sites.class_index[0].cpu().numpy(), -1)[owned]
    return decided
