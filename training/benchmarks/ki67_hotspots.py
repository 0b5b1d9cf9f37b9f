"""How long the search for Ki-67 hotspots takes, and what is lost by searching on a grid.

``python -m training.benchmarks.ki67_hotspots`` prints a Markdown table.Slides have tumour all over (see
``ki67_simulated``) at 0.25 µm per pixel; sizes are numbers of tumour cells. What is lost is seen against
squares of the first hotspot's side on a grid eight times as fine, 64 times as many, with as many cells
as are asked for, or nine tenths of the hotspot's.

The second table is of smaller slides whose tissue has a known index everywhere: how often another window was
truly higher than the first, against the chance that was stated, and how far the first's index is off.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.geometry import Ints
from patherea_core.index.hotspots import Hotspot, HotspotOptions, Hotspots, hotspots
from patherea_core.index.ki67 import IndexOptions
from patherea_core.index.kinds import KindedCells
from patherea_core.index.rivals import MOST_RIVALS
from patherea_core.index.sites import SiteCounts
from patherea_core.index.surface import index_surface
from patherea_core.index.windows import FixedArea, NumberOfCells
from patherea_core.seeding import Seed
from training.benchmarks.ki67_simulated import Field, Tumour, field
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
    made = field(TUMOUR, size, random)
    return KindedCells(made.xy / MPP, np.where(made.positive, 0, 1))


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


@dataclass(frozen=True, slots=True)
class Truth:
    """The first hotspot of a made slide against the true index of its tissue.

    Attributes:
        stated: the chance that another window is higher, as stated.
        another: whether another one was.
        raw: its index less the true one.
        expected: the expected index less the true one.
        held: whether the interval of the expected index holds the true one.
    """

    stated: float
    another: bool
    raw: float
    expected: float
    held: bool


def truth(alike: float, kind: FixedArea | NumberOfCells, number: int) -> Truth:
    """Return how the first hotspot of a made slide of 20,000 cells does."""
    random = Seed(number).stream("truth of hotspots")
    made = field(Tumour(TUMOUR.share, alike), 20_000, random)
    cells = KindedCells(made.xy, np.where(made.positive, 0, 1))
    options = HotspotOptions(kind=kind, count=MOST_RIVALS, index=IndexOptions(draws=500))
    found = hotspots(cells, 1.0, Seed(number), options).found
    true = [_true_share(spot, made) for spot in found]
    first = found[0]
    return Truth(
        first.chance_another_is_higher or 0.0,
        max(true[1:], default=0.0) > true[0],
        (first.index.value or 0.0) - true[0],
        first.expected.value - true[0],
        first.expected.interval.holds(true[0]),
    )


def _true_share(spot: Hotspot, made: Field) -> float:
    from_corner = made.xy - (spot.left, spot.top)
    inside = np.all((from_corner >= 0) & (from_corner < spot.side), axis=1)
    return float(made.share[inside].mean())


def truth_of(alike: float, kind: FixedArea | NumberOfCells, slides: int) -> str:
    """Return one row of the second table."""
    every = [truth(alike, kind, number) for number in range(slides)]
    stated, another, raw, expected, held = (
        100 * float(np.mean([getattr(each, name) for each in every]))
        for name in ("stated", "another", "raw", "expected", "held")
    )
    name = "0.5 mm²" if isinstance(kind, FixedArea) else f"{kind.cells:,} cells"
    return (
        f"| {alike} | {name} | {stated:.0f} | {another:.0f} | {raw:+.1f} | {expected:+.1f} | "
        f"{held:.0f} |\n"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables, and the time of a surface."""
    parser = argparse.ArgumentParser(prog="training.benchmarks.ki67_hotspots", description=__doc__)
    parser.add_argument("--sizes", type=counts, default=SIZES, help="cells, separated by commas")
    parser.add_argument("--slides", type=int, default=200, help="made slides of each row")
    options = parser.parse_args(arguments)
    sizes = options.sizes
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
    sys.stdout.write(
        "\n| alike | windows | another higher: said, % | was, % | index off | expected off | held, % |\n"
        "| --: | :-- | --: | --: | --: | --: | --: |\n"
    )
    for alike in (0.0, 0.05, 0.15):
        for kind in (FixedArea(0.5, least_cells=200), NumberOfCells(500)):
            sys.stdout.write(truth_of(alike, kind, options.slides))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
