"""One slide or image that tiles are taken from, and where on it: all that travels to another process."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from patherea_core.errors import ShapeError
from patherea_core.geometry import Bools, Box


@dataclass(frozen=True, slots=True)
class Sites:
    """Squares of a grid on a slide; a tile whose middle lies in one of them shows tissue.

    A slide has very many of them, and a pretraining very many slides, so each takes one bit.

    Attributes:
        packed: a bit for each square, row by row.
        rows: of the grid.
        columns: of the grid.
        step: side of a square in working pixels.
        count: how many squares are among them; at least one.
    """

    packed: bytes
    rows: int
    columns: int
    step: float
    count: int

    @classmethod
    def of(cls, mask: Bools, step: float) -> "Sites":
        """Return the sites of an (H, W) mask of the grid.

        Raises:
            ShapeError: the mask is empty.
        """
        count = int(np.count_nonzero(mask))
        if count == 0:
            raise ShapeError("a slide needs at least one site to take tiles from, and has none")
        rows, columns = mask.shape
        return cls(np.packbits(mask).tobytes(), rows, columns, step, count)

    def middle(self, random: np.random.Generator) -> tuple[float, float]:
        """Return x and y of a random position in a random square, in working pixels."""
        bits = np.unpackbits(
            np.frombuffer(self.packed, dtype=np.uint8), count=self.rows * self.columns
        )
        place = int(np.flatnonzero(bits)[random.integers(self.count)])
        row, column = divmod(place, self.columns)
        across, down = random.random(2)
        return (column + float(across)) * self.step, (row + float(down)) * self.step


@dataclass(frozen=True, slots=True)
class Ground:
    """One slide or image, as far as it has to be known to take tiles from it.

    Attributes:
        path: of its file.
        name: of the file, or of the piece of a slide.
        base_mpp: micrometres per base pixel.
        width: whole working pixels that it has across.
        height: whole working pixels that it has down.
        sites: where tiles are taken; None takes them from everywhere.
        cut_from: what tells the slide that it is a piece of from others; empty for what stands for itself.
        folder: what tells it from others of its name; empty where there is none.
    """

    path: Path
    name: str
    base_mpp: float
    width: int
    height: int
    sites: Sites | None = None
    cut_from: str = ""
    folder: str = ""

    @property
    def title(self) -> str:
        """What it is called in messages."""
        return f"{self.folder}/{self.name}" if self.folder else self.name

    @property
    def slide(self) -> str:
        """What tells the slide that it is of, or is itself, from others."""
        return self.cut_from or str(self.path)

    @property
    def area(self) -> float:
        """Working pixels that tiles are taken from."""
        if self.sites is None:
            return float(self.width * self.height)
        return self.sites.count * self.sites.step**2

    def box(self, side: int, random: np.random.Generator) -> Box:
        """Return the place of a random tile, in working pixels, inside the slide.

        Raises:
            ShapeError: the slide is smaller than the tile.
        """
        if side > min(self.width, self.height):
            raise ShapeError(
                f"{self.title!r} has {self.width} × {self.height} pixels of the wanted size, too few for a"
                f" tile of {side}; take smaller tiles, or leave it out"
            )
        if self.sites is None:
            left = int(random.integers(self.width - side + 1))
            top = int(random.integers(self.height - side + 1))
            return Box(left, top, side, side)
        x, y = self.sites.middle(random)
        return Box(_start(x, side, self.width), _start(y, side, self.height), side, side)


def _start(middle: float, side: int, length: int) -> int:
    """Return where a tile begins that lies around a position, or as near to it as the slide reaches."""
    return min(max(0, round(middle - side / 2)), length - side)
