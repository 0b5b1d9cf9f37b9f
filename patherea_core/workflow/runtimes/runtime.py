"""What every runtime does: from the pixels of a batch of tiles to what its anchor points show."""

from typing import Literal, Protocol

from torch import Tensor

from patherea_core.batch import Sites
from patherea_core.errors import ShapeError
from patherea_core.geometry import Floats
from patherea_core.model.anchors import anchor_points

Precision = Literal["32-true", "bf16-mixed"]


class Runtime(Protocol):
    """A network, ready to run on a device.

    Attributes:
        name: eager, compile, onnx or openvino.
        grid: the network's largest stride; sides of tiles are multiples of it.
        precision: of its arithmetic.
    """

    name: str
    grid: int
    precision: Precision

    def anchors(self, height: int, width: int) -> Floats:
        """Return the (M, 2) anchor points of a tile of that size, in tile pixels.

        Raises:
            ShapeError: a side is not a multiple of the grid.
        """
        ...

    def run(self, images: Tensor) -> Sites:
        """Return what a batch of tiles shows at its anchor points, on the device.

        From pinned memory the copy to a GPU does not wait, so the pixels must stay as they are until the
        result has been read.

        Args:
            images: (B, 3, H, W) uint8 RGB on the host.

        Raises:
            ShapeError: H or W is not a multiple of the grid, or not the size that the runtime is for.
        """
        ...


def require_on_grid(height: int, width: int, grid: int) -> None:
    """Check that the sides of a tile are multiples of the grid.

    Raises:
        ShapeError: one is not.
    """
    if height <= 0 or width <= 0 or height % grid or width % grid:
        raise ShapeError(
            f"the sides of a tile must be multiples of {grid} pixels, not {height} × {width}"
        )


def require_size(images: Tensor, grid: int, size: tuple[int, int] | None) -> None:
    """Check that tiles are of the only size that a network takes.

    Args:
        images: (B, 3, H, W).
        grid: what H and W must be multiples of, at least.
        size: H and W; None for all on the grid.

    Raises:
        ShapeError: they are not.
    """
    height, width = images.shape[-2:]
    require_on_grid(height, width, grid)
    if size is not None and size != (height, width):
        raise ShapeError(
            f"the network was exported for tiles of {size[0]} × {size[1]} pixels, not {height} × {width};"
            " export it for that size"
        )


def tile_anchors(height: int, width: int, stride: int, per_side: int) -> Floats:
    """Return the (M, 2) anchor points of a tile, in tile pixels.

    Args:
        height: of the tile.
        width: of the tile.
        stride: pixels along the side of a site.
        per_side: anchor points along it.
    """
    anchors: Floats = (
        anchor_points(height // stride, width // stride, stride, per_side).double().numpy()
    )
    return anchors
