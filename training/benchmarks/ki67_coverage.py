"""How often the intervals of a Ki-67 index hold the true one, with positive cells that lie together.

``python -m training.benchmarks.ki67_coverage`` prints a Markdown table. Of each row many tumours are
made (see ``ki67_simulated``; with --smooth, ``ki67_smooth``), a number of cells counted in one field or
in five, and the index of all of them taken. A share of 500 is sure within 2 points.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.intervals import Interval
from patherea_core.index.ki67 import Index, IndexOptions, index_of
from patherea_core.seeding import Seed
from training.benchmarks.ki67_simulated import Made, Tumour, fields
from training.benchmarks.ki67_smooth import SmoothTumour
from training.benchmarks.options import counts

ALIKE = (0.0, 0.05, 0.15)
#: Of smooth tumours: as niches of 0.05 and 0.15 make neighbours alike, and far more.
SMOOTH_ALIKE = (0.013, 0.04, 0.1)
FIELDS = (1, 5)
CELLS = (50, 200, 1000, 5000)
SHARES = (0.01, 0.05, 0.2, 0.5, 0.8)
#: The intervals, in the order of the columns.
INTERVALS = ("wilson", "bootstrap", "interval")
_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Case:
    """What is counted: cells of a tumour, in so many fields."""

    tumour: Made
    fields: int
    cells: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """How an interval does over many tumours.

    Attributes:
        held: share that held the true index.
        width: mean width, where there was an interval.
    """

    held: float
    width: float

    def __str__(self) -> str:
        return f"{100 * self.held:.1f} ({100 * self.width:.1f})"


def coverages(case: Case, repeats: int) -> dict[str, Coverage]:
    """Return how each interval does; an interval that there is none of is taken for the index alone."""
    indices = [
        index for number in range(repeats) if (index := _index(case, number)).value is not None
    ]
    return {
        name: _coverage([_interval(index, name) for index in indices], case.tumour.share)
        for name in INTERVALS
    }


def _index(case: Case, number: int) -> Index:
    random = Seed(number).stream(
        f"ki67 coverage {case.tumour.share} {case.tumour.alike}", case.fields, case.cells
    )
    samples = fields(case.tumour, case.cells, case.fields, random)
    return index_of("tumour", samples, Seed(number), IndexOptions(draws=_DRAWS))


def _interval(index: Index, name: str) -> Interval:
    found: Interval | None = getattr(index, name)
    value = index.value or 0.0
    return found or Interval(value, value)


def _coverage(intervals: Sequence[Interval], share: float) -> Coverage:
    return Coverage(
        float(np.mean([interval.holds(share) for interval in intervals])),
        float(np.mean([interval.high - interval.low for interval in intervals])),
    )


def cases(cells: Sequence[int], *, smooth: bool = False) -> Iterator[Case]:
    """Yield all rows of the table."""
    kind = SmoothTumour if smooth else Tumour
    for alike in SMOOTH_ALIKE if smooth else ALIKE:
        for number in FIELDS:
            for count in cells:
                for share in SHARES:
                    yield Case(kind(share, alike), number, count)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(prog="training.benchmarks.ki67_coverage", description=__doc__)
    parser.add_argument("--cells", type=counts, default=CELLS, help="cells, separated by commas")
    parser.add_argument("--repeats", type=int, default=500, help="tumours of each row")
    parser.add_argument("--smooth", action="store_true", help="tumours without niches")
    options = parser.parse_args(arguments)
    sys.stdout.write(
        "| alike | fields | cells | index, % | Wilson: held, % (width, points) | bootstrap | interval |\n"
        "| --: | --: | --: | --: | --: | --: | --: |\n"
    )
    for case in cases(options.cells, smooth=options.smooth):
        held = coverages(case, options.repeats)
        row = (case.tumour.alike, case.fields, f"{case.cells:,}", f"{100 * case.tumour.share:g}")
        cells = " | ".join(map(str, (*row, *(held[name] for name in INTERVALS))))
        sys.stdout.write(f"| {cells} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
