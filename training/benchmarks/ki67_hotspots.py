"""How long the search for Ki-67 hotspots takes, and what is lost by searching on a grid.

``python -m training.benchmarks.ki67_hotspots`` prints a Markdown table.Slides have tumour all over (see
``ki67_simulated``) at 0.25 µm per pixel; sizes are numbers of tumour cells. What is lost is seen against
squares of the first hotspot's side on a grid eight times as fine, 64 times as many, with as many cells
as are asked for, or nine tenths of the hotspot's.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.geometry import Ints
from patherea_core.index.hotspots import HotspotOptions, Hotspots, hotspots
from patherea_core.index.kinds import KindedCells
from patherea_core.index.sites import SiteCounts
from patherea_core.index.surface import index_surface
from patherea_core.index.windows import FixedArea, NumberOfCells
from patherea_core.seeding import Seed
from training.benchmarks.ki67_simulated import Tumour, field
from training.benchmarks.options import counts

SIZES = (10_000, 100_000, 1_000_000)
KINDS = (FixedArea(), NumberOfCells(500), NumberOfCells(1000))
MPP = 0.25
TUMOUR = Tumour(0.1, 0.05)
_FINER = 8
#: Windows of the fine grid looked at at once.
_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Search:
    """What a search took and found.

    Attributes:
        seconds: of this process, whatever else the machine does.
        found: the hotspots.
    """

    seconds: float
    found: Hotspots


def slide(size: int) -> KindedCells:
    """Return a slide with about so many tumour cells."""
    random = Seed(0).stream("benchmark hotspots", size)
    xy, positive = field(TUMOUR, size, random)
    return KindedCells(xy / MPP, np.where(positive, 0, 1))


def searched(cells: KindedCells, kind: FixedArea | NumberOfCells) -> Search:
    """Return the hotspots of a slide, and the time."""
    start = time.process_time()
    found = hotspots(cells, MPP, Seed(0), HotspotOptions(kind=kind))
    return Search(time.process_time() - start, found)


def finer(cells: KindedCells, sites: int, site_micrometres: float, least: int) -> float:
    """Return the highest index of the squares of one size on a finer grid.

    Args:
        cells: of the slide.
        sites: along the side of the square, on the usual grid.
        site_micrometres: side of a site of that grid.
        least: tumour cells that a square needs.
    """
    side = sites * _FINER
    grid = SiteCounts.of(cells, site_micrometres / _FINER / MPP, side)
    height, width = (extent - side + 1 for extent in grid.shape)
    best = 0.0
    for start in range(0, height * width, _AT_ONCE):
        row, column = np.divmod(np.arange(start, min(start + _AT_ONCE, height * width)), width)
        positive, tumour = grid.squares(row, column, np.full(len(row), side))
        best = max(best, _highest(positive, tumour, least))
    return best


def _highest(positive: Ints, tumour: Ints, least: int) -> float:
    enough = tumour >= least
    return float((positive[enough] / tumour[enough]).max()) if enough.any() else 0.0


def row_of(size: int, kind: FixedArea | NumberOfCells) -> str:
    """Return one row of the table."""
    cells = slide(size)
    search = searched(cells, kind)
    first = search.found.found[0]
    value = first.index.value or 0.0
    if isinstance(kind, FixedArea):
        name, least = f"{kind.square_millimetres:g} mm²", int(0.9 * first.index.tally.tumour)
    else:
        name, least = f"{kind.cells:,} cells", kind.cells
    sites = round(first.side_micrometres / kind.site_micrometres)
    lost = finer(cells, sites, kind.site_micrometres, least) - value
    return (
        f"| {len(cells):,} | {name} | {search.found.candidates:,} | {search.seconds:.2f} | "
        f"{100 * value:.1f} | {100 * lost:+.2f} |\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, and the time of a surface."""
    parser = argparse.ArgumentParser(prog="training.benchmarks.ki67_hotspots", description=__doc__)
    parser.add_argument("--sizes", type=counts, default=SIZES, help="cells, separated by commas")
    sizes = parser.parse_args(arguments).sizes
    sys.stdout.write(
        "| cells | windows | candidates | seconds | first, % | a finer grid finds, points |\n"
        "| --: | :-- | --: | --: | --: | --: |\n"
    )
    for size in sizes:
        for kind in KINDS:
            sys.stdout.write(row_of(size, kind))
            sys.stdout.flush()
    cells = slide(sizes[-1])
    start = time.process_time()
    index_surface(cells, MPP)
    sys.stdout.write(f"\nA surface of {len(cells):,} cells: {time.process_time() - start:.2f} s\n")


if __name__ == "__main__":
    main()
