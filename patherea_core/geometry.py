"""Coordinate frames, and the only functions that move points between them.

A position is (x, y): x grows rightwards, y downwards, and (0, 0) is the upper-left *corner* of the
upper-left pixel, so the middle of that pixel is (0.5, 0.5). Because the origin is a corner, changing
the pixel size only multiplies. Three pixel frames are used:

* base pixels: the slide at its full resolution, origin at the slide's corner;
* working pixels: the same origin, but pixels of the model's size (mpp, micrometres per pixel);
* tile pixels: working pixels counted from the corner of one tile.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from patherea_core.errors import ScaleError, ShapeError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]


def as_xy(values: npt.ArrayLike) -> Floats:
    """Return ``values`` as an (N, 2) float array of finite positions, x before y.

    Raises:
        ShapeError: the array is not (N, 2), or holds a value that is not finite.
    """
    xy = np.asarray(values, dtype=np.float64)
    if xy.size == 0:
        xy = xy.reshape(0, 2)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ShapeError(f"positions must be an (N, 2) array of x and y, not {xy.shape}")
    if not np.isfinite(xy).all():
        raise ShapeError("positions must be finite numbers; one of them is not")
    return xy


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle, half-open: left ≤ x < right and top ≤ y < bottom.

    The frame is the one its user names; in base or working pixels by default whole numbers.
    """

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise ShapeError(
                f"a box needs a positive width and height, not {self.width} × {self.height}"
            )

    def __str__(self) -> str:
        """Return where it lies and how large it is, as messages say it."""
        return f"x {self.left}, y {self.top}, {self.width} × {self.height} pixels"

    @classmethod
    def around(cls, bounds: tuple[float, float, float, float]) -> Self:
        """Return the smallest whole-pixel box that holds (left, top, right, bottom)."""
        left, top = math.floor(bounds[0]), math.floor(bounds[1])
        right, bottom = math.ceil(bounds[2]), math.ceil(bounds[3])
        return cls(left, top, max(1, right - left), max(1, bottom - top))

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.top + self.height

    def contains(self, xy: Floats) -> Bools:
        """Tell for each of (N, 2) positions whether it lies inside, as an (N,) mask."""
        x, y = xy[:, 0], xy[:, 1]
        inside: Bools = (x >= self.left) & (x < self.right) & (y >= self.top) & (y < self.bottom)
        return inside

    def grown(self, margin: int) -> "Box":
        """Return the box with ``margin`` pixels more on every side."""
        return Box(
            self.left - margin, self.top - margin, self.width + 2 * margin, self.height + 2 * margin
        )

    def intersection(self, other: "Box") -> "Box | None":
        """Return what both boxes cover, or None if they share no pixel."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        if right <= left or bottom <= top:
            return None
        return Box(left, top, right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class Scale:
    """How base pixels and working pixels of one slide relate; both in micrometres per pixel."""

    base_mpp: float
    working_mpp: float

    def __post_init__(self) -> None:
        for name, mpp in (("slide", self.base_mpp), ("working", self.working_mpp)):
            if not (math.isfinite(mpp) and mpp > 0):
                raise ScaleError(
                    f"the {name} pixel size must be a positive number of µm, not {mpp}"
                )

    @property
    def base_per_working(self) -> float:
        """Base pixels along the side of one working pixel."""
        return self.working_mpp / self.base_mpp

    def to_working(self, base_xy: Floats) -> Floats:
        """Move (N, 2) positions from base to working pixels."""
        return base_xy / self.base_per_working

    def to_base(self, working_xy: Floats) -> Floats:
        """Move (N, 2) positions from working to base pixels."""
        return working_xy * self.base_per_working

    def to_micrometres(self, working_xy: Floats) -> Floats:
        """Move (N, 2) positions from working pixels to micrometres."""
        return working_xy * self.working_mpp
