"""How long pairing takes, and how much memory, against the dense Hungarian algorithm.

``python -m training.benchmarks.pairing`` prints a Markdown table. Points lie at random, with a median
distance of twice the radius to the next one. Of ten points nine have a detection, a little off, and of
ten detections one lies anywhere. Every case runs in a process of its own, so its peak memory is its own.
"""

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from patherea_core.evaluation.pairing import pair
from patherea_core.geometry import Floats
from patherea_core.seeding import Seed

RADIUS = 6.0
SIZES = (1_000, 10_000, 100_000, 1_000_000)
METHODS = ("ours", "ours, closest", "dense Boolean Hungarian")
#: Bytes for each detection and point of the dense method: the Boolean matrix, and two copies as floats
#: that the solver makes of it, one of them with its sign changed.
_DENSE_BYTES = 17
_GIGABYTE = 1e9
_DENSE_ROWS_AT_ONCE = 256


@dataclass(frozen=True, slots=True)
class Cost:
    """What one case took.

    Attributes:
        pairs: how many pairs were found.
        seconds: wall-clock time.
        gigabytes: peak memory of the whole process; Python and its libraries alone take 0.1.
    """

    pairs: int
    seconds: float
    gigabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.3g} s, {self.gigabytes:.2g} GB"


def cells(count: int) -> tuple[Floats, Floats]:
    """Return as many (count, 2) detections as points, in no order."""
    random = Seed(0).stream("benchmark pairing", count)
    # Half of the cells of a random field have no other one within a distance d if the density is
    # ln 2 / (π d²).
    side = np.sqrt(count * np.pi * (2 * RADIUS) ** 2 / np.log(2))
    points = random.uniform(0, side, size=(count, 2))
    detections = points + random.normal(0, RADIUS / 2, size=points.shape)
    stray = count // 10
    detections[:stray] = random.uniform(0, side, size=(stray, 2))
    return random.permutation(detections), points


def dense_pairs(detections: Floats, points: Floats) -> int:
    """Return the number of pairs that the Hungarian algorithm finds on the dense Boolean matrix."""
    near = np.empty((len(detections), len(points)), dtype=np.bool_)
    for start in range(0, len(detections), _DENSE_ROWS_AT_ONCE):
        rows = slice(start, start + _DENSE_ROWS_AT_ONCE)
        apart = detections[rows, np.newaxis] - points
        near[rows] = np.hypot(apart[..., 0], apart[..., 1]) <= RADIUS
    detection_rows, point_rows = linear_sum_assignment(near, maximize=True)
    return int(np.count_nonzero(near[detection_rows, point_rows]))


def measured(method: str, count: int) -> Cost:
    """Return what one method takes for so many cells, run in this process."""
    detections, points = cells(count)
    start = time.perf_counter()
    if method == METHODS[-1]:
        pairs = dense_pairs(detections, points)
    else:
        pairs = len(pair(detections, points, RADIUS, closest=method == METHODS[1]))
    seconds = time.perf_counter() - start
    # Not from getrusage, whose peak a process inherits from the one that started it.
    return Cost(pairs, seconds, _gigabytes(Path("/proc/self/status"), "VmHWM"))


def _gigabytes(states: Path, name: str) -> float:
    rows = dict(row.split(":", 1) for row in states.read_text().splitlines())
    return int(rows[name].split()[0]) * 1024 / _GIGABYTE


def alone(method: str, count: int) -> Cost:
    """Return what one method takes for so many cells, run in a fresh process."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(measured, method, count).result()


def table(sizes: Sequence[int], free_gigabytes: float) -> str:
    """Return the Markdown table of all methods at all sizes; needs a minute for the usual ones."""
    rows = [("cells", "pairs", *METHODS), ("--:",) * (2 + len(METHODS))]
    for count in sizes:
        needed = _DENSE_BYTES * count**2 / _GIGABYTE
        fits = needed < free_gigabytes
        costs = [alone(method, count) for method in (METHODS if fits else METHODS[:-1])]
        if len({cost.pairs for cost in costs}) > 1:
            raise AssertionError(f"methods disagree at {count} cells: {costs}")
        dense = () if fits else (f"does not fit ({needed:,.0f} GB)",)
        rows.append((f"{count:,}", f"{costs[0].pairs:,}", *map(str, costs), *dense))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _sizes(text: str) -> tuple[int, ...]:
    sizes = text.split(",")
    if not all(size.strip().isdecimal() and int(size) for size in sizes):
        raise argparse.ArgumentTypeError(
            f"give whole numbers above 0, separated by commas, not {text!r}"
        )
    return tuple(int(size) for size in sizes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="training.benchmarks.pairing", description=__doc__)
    parser.add_argument(
        "--sizes",
        type=_sizes,
        default=SIZES,
        help="numbers of cells, separated by commas",
    )
    sizes = parser.parse_args(arguments).sizes
    sys.stdout.write(table(sizes, _gigabytes(Path("/proc/meminfo"), "MemAvailable")))


if __name__ == "__main__":
    main()
