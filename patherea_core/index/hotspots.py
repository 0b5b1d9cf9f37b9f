"""The windows of a slide where the Ki-67 index is highest, the same ones whoever looks.

Windows are upright squares (see ``windows``), since a square on a grid is counted at once, and drawn as
a rectangle of a viewer. The first hotspot is the window of the highest index; the next is the highest
one that shares no part with it, and so on. Of equal indices the one with more cells comes first, then
the upper one, then the left one. The interval of a hotspot is that of its cells alone: it does not know
that the window was chosen for being the highest; the chance that another one is truly higher does (see
``rivals``).
"""

from dataclasses import dataclass

import numpy as np

from patherea_core.errors import InputError
from patherea_core.geometry import Bools
from patherea_core.index.ki67 import Index, IndexOptions, index_of
from patherea_core.index.kinds import KindedCells
from patherea_core.index.rivals import (
    MOST_RIVALS,
    ExpectedIndex,
    Spread,
    chances_of_another,
    disjoint,
    expected_index,
    spread,
)
from patherea_core.index.samples import Sample
from patherea_core.index.sites import SiteCounts
from patherea_core.index.windows import FixedArea, NumberOfCells, Windows, gridded, windows_of
from patherea_core.seeding import Seed


@dataclass(frozen=True, slots=True)
class Hotspot:
    """One window.

    Attributes:
        left: of the square, in base pixels; this edge belongs to it, as the upper one.
        top: of the square, in base pixels.
        side: of the square, in base pixels.
        side_micrometres: the same on the slide.
        index: of its cells; too high, since the window was chosen for it.
        expected: the index to expect of its tissue, that it was chosen allowed for.
        chance_another_is_higher: the probability that another window, which shares no cell with it, has a
            truly higher index; None if there is no other one.
    """

    left: float
    top: float
    side: float
    side_micrometres: float
    index: Index
    expected: ExpectedIndex
    chance_another_is_higher: float | None

    @property
    def square_millimetres(self) -> float:
        """Its area."""
        return (self.side_micrometres / 1000) ** 2


@dataclass(frozen=True, slots=True)
class Hotspots:
    """The hotspots of a slide.

    Attributes:
        found: the highest first; fewer than were asked for where no more are left.
        none_because: why there is none; None where there is one.
        kind: of the windows.
        candidates: windows that were compared.
        rivals: windows without common cells among which the chances are taken.
        spread: how the indices of windows are spread over the slide; None where there is none.
    """

    found: tuple[Hotspot, ...]
    none_because: str | None
    kind: FixedArea | NumberOfCells
    candidates: int
    rivals: int
    spread: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HotspotOptions:
    """What hotspots to find."""

    kind: FixedArea | NumberOfCells = FixedArea()  # noqa: RUF009  immutable
    """The windows."""
    count: int = 3
    """How many hotspots, none of which share a part."""
    index: IndexOptions = IndexOptions()  # noqa: RUF009  immutable
    """How the index of each is made."""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_RIVALS:
            raise InputError(f"ask for 1 to {MOST_RIVALS} hotspots, not {self.count}")


def hotspots(
    cells: KindedCells, mpp: float, seed: Seed, options: HotspotOptions | None = None
) -> Hotspots:
    """Return the windows of the highest Ki-67 index of a slide.

    Args:
        cells: of one slide, in any order.
        mpp: micrometres per base pixel.
        seed: root of the streams "hotspots" and "bootstrap".
        options: which; by default three of 2 mm².

    Raises:
        ScaleError: the pixel size is no positive number.
        InputError: the slide is far too large for such windows, so that its scale must be wrong.
    """
    options = options or HotspotOptions()
    kind = options.kind
    tumour = cells.tumour()
    if not len(tumour):
        return _none("the slide has no tumour cell, so it has no hotspot", kind)
    counts = gridded(tumour, kind, mpp)
    ordered = windows_of(counts, kind).ordered()
    if not len(ordered):
        return _none(_too_few(len(tumour), kind), kind)
    rivals = disjoint(ordered)
    of = spread(counts, int(np.median(rivals.sites)), _least_cells(kind))
    chances = chances_of_another(rivals, of, seed, draws=options.index.draws)
    found = []
    for number in range(min(options.count, len(rivals))):
        square = _square(rivals, number, counts, tumour)
        sample = Sample.whole("slide", tumour.take(square.inside))
        index = index_of(f"hotspot {number + 1}", [sample], seed, options.index)
        expected = expected_index(
            index.tally.positive, index.tally.tumour, of, level=options.index.level
        )
        chance = float(chances[number]) if len(rivals) > 1 else None
        place = (square.left, square.top, square.side, square.side * mpp)
        found.append(Hotspot(*place, index, expected, chance))
    return Hotspots(tuple(found), None, kind, len(ordered), len(rivals), of)


@dataclass(frozen=True, slots=True, eq=False)
class _Square:
    """A window in base pixels, and (N,) which cells it holds."""

    left: float
    top: float
    side: float
    inside: Bools


def _square(windows: Windows, number: int, counts: SiteCounts, cells: KindedCells) -> _Square:
    column = int(windows.column[number]) + counts.first_column
    row = int(windows.row[number]) + counts.first_row
    sites = int(windows.sites[number])
    # By sites and not by pixels, so that rounding never puts a cell elsewhere than the search did.
    site = np.floor(cells.xy / counts.step)
    inside: Bools = np.all((site >= (column, row)) & (site < (column + sites, row + sites)), axis=1)
    return _Square(column * counts.step, row * counts.step, sites * counts.step, inside)


def _least_cells(kind: FixedArea | NumberOfCells) -> int:
    return kind.least_cells if isinstance(kind, FixedArea) else kind.cells


def _none(reason: str, kind: FixedArea | NumberOfCells) -> Hotspots:
    return Hotspots((), reason, kind, 0, 0, None)


def _too_few(cells: int, kind: FixedArea | NumberOfCells) -> str:
    if isinstance(kind, FixedArea):
        filled = f", {100 * kind.least_filled:g} % of it with tumour" if kind.least_filled else ""
        where = f"in {kind.square_millimetres:g} mm²{filled}"
    else:
        where = f"within {kind.largest_side_micrometres:g} µm"
    return (
        f"nowhere are there {_least_cells(kind)} tumour cells {where}; the slide has {cells} of them: ask "
        "for fewer"
    )
