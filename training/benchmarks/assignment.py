"""How long assigning takes, against the dense Hungarian algorithm on repeated rows.

``python -m training.benchmarks.assignment`` prints a Markdown table. Tiles have 224 × 224 pixels and 3,136
proposals; cells lie anywhere or in heaps. Early in training proposals are near their anchor points and
know nothing; later they are drawn to the cells near them, and know most of their classes. The dense form
takes one tile after another: costs, their rows repeated β times, SciPy's solver. Both start from what the
network gives, and take turns; the median of the repetitions counts. They must cost the same in total.
"""

import argparse
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from patherea_core.batch import Branch, Targets
from patherea_core.model.anchors import anchor_points
from patherea_core.objective.assignment import assign
from patherea_core.objective.batch_assignment import Shortlists, solve
from patherea_core.objective.cells import Cells
from patherea_core.objective.costs import AssignmentCosts
from patherea_core.seeding import Seed
from training.benchmarks.options import counts
from training.benchmarks.stopwatch import CLOCKS, Clock, Stopwatch

SIDE = 224
STRIDE = 8
CLASSES = 4
DISTANCE_WEIGHT = 0.05
TARGETS = (20, 50, 150, 500, 1000)
CLAIMS = (1, 2, 6)
SCENES = ("anywhere, early", "anywhere, later", "heaps, early", "heaps, later")
#: Cells of a heap, and how far they lie from its middle; heaps hold some of the densest tissue there is.
_HEAP, _HEAP_SPREAD = 15, 14.0
#: Seconds of the dense form in one repetition beyond which a case is not repeated.
_LONG = 2.0

#: Rows of the targets of a tile, and the proposals that serve them.
Pairs = tuple[Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class Case:
    """Tiles to assign.

    Attributes:
        scene: one of ``SCENES``.
        targets: cells of each tile (N).
        claims: proposals that each of them claims (β).
        tiles: how many.
    """

    scene: str
    targets: int
    claims: int
    tiles: int


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds that each form took for a case, and the part of ours that follows the lists; medians."""

    ours: float
    solving: float
    dense: float

    def __str__(self) -> str:
        seconds = (f"{1e3 * each:,.3g}" for each in (self.ours, self.solving, self.dense))
        return f"{' | '.join(seconds)} | {self.dense / self.ours:,.3g}"


def made(case: Case) -> tuple[Branch, list[Targets]]:
    """Return the proposals and targets of a case, always the same."""
    tiles = [_tile(case, number) for number in range(case.tiles)]
    xy, logits = (
        torch.stack([getattr(tile[0], name) for tile in tiles]) for name in ("xy", "logits")
    )
    return Branch(xy, logits), [tile[1] for tile in tiles]


def _tile(case: Case, number: int) -> tuple[Branch, Targets]:
    random = Seed(0).stream(f"benchmark assignment {case.scene}", case.targets, number)
    heaps = random.uniform(20, SIDE - 20, size=(-(-case.targets // _HEAP), 2))
    xy = random.uniform(0, SIDE, size=(case.targets, 2))
    if case.scene.startswith("heaps"):
        middle = heaps[random.integers(len(heaps), size=case.targets)]
        xy = np.clip(middle + random.normal(0, _HEAP_SPREAD, xy.shape), 0, SIDE - 1)
    classes = random.integers(CLASSES, size=case.targets)
    proposed = anchor_points(SIDE // STRIDE, SIDE // STRIDE, STRIDE, 2).numpy().astype(np.float64)
    logits = random.normal(0, 0.3, size=(len(proposed), CLASSES + 1))
    if case.scene.endswith("later"):
        apart = np.linalg.norm(proposed[:, np.newaxis] - xy, axis=2)
        nearest, distance = apart.argmin(axis=1), apart.min(axis=1)
        pull = np.clip(1.6 - distance / 10, 0, 1) * random.uniform(0.6, 1, len(proposed))
        proposed += pull[:, np.newaxis] * (xy[nearest] - proposed)
        logits *= 3
        logits[:, CLASSES] += np.where(distance < 7, 1.5, 6.0)
        known = random.uniform(0, 6, len(proposed)) * (distance < 9)
        logits[np.arange(len(proposed)), classes[nearest]] += known
    proposed += random.normal(0, 1, proposed.shape)
    branch = Branch(torch.from_numpy(proposed).float(), torch.from_numpy(logits).float())
    return branch, Targets(torch.from_numpy(xy).float(), torch.from_numpy(classes))


def ours(branch: Branch, targets: Sequence[Targets], claims: int) -> list[Pairs]:
    """Return the pairs of each tile."""
    active = torch.ones(branch.xy.shape[:2], dtype=torch.bool, device=branch.xy.device)
    cells = Cells.of(targets)
    (found,) = assign([branch], [claims], cells, active, distance_weight=DISTANCE_WEIGHT)
    first = np.cumsum([0, *cells.counts])
    rows = [found.tile == tile for tile in range(len(targets))]
    return [
        (found.target[row] - int(start), found.proposal[row])
        for row, start in zip(rows, first, strict=False)
    ]


def from_lists(branch: Branch, targets: Sequence[Targets], claims: int) -> Callable[[], object]:
    """Return the part of ours that a device waits for: from its lists to pairs."""
    active = torch.ones(branch.xy.shape[:2], dtype=torch.bool, device=branch.xy.device)
    cells = Cells.of(targets)
    costs = AssignmentCosts([branch], cells, active, DISTANCE_WEIGHT)
    column, listed, usable = costs.start_listing(claims).wait()
    counts_of_tiles = np.array(cells.counts)
    lists = Shortlists(column, listed, np.array([claims]), counts_of_tiles, usable)
    return lambda: solve(lists, lambda branch, some: costs.of(some)[branch].double().cpu().numpy())


def dense(branch: Branch, targets: Sequence[Targets], claims: int) -> list[Pairs]:
    """Return the pairs of each tile, from the Hungarian algorithm on the repeated rows."""
    found = []
    for xy, logits, target in zip(branch.xy, branch.logits, targets, strict=True):
        probability = logits.softmax(dim=1)[:, target.class_index]
        cost = DISTANCE_WEIGHT * torch.cdist(target.xy, xy) - probability.T
        repeated = np.repeat(cost.cpu().numpy(), claims, axis=0)
        copies, proposals = linear_sum_assignment(repeated)
        device = xy.device
        served = torch.from_numpy(copies // claims).to(device)
        found.append((served, torch.from_numpy(proposals).to(device)))
    return found


def total_cost(branch: Branch, targets: Sequence[Targets], found: Sequence[Pairs]) -> float:
    """Return what all pairs of all tiles cost together."""
    active = torch.ones(branch.xy.shape[:2], dtype=torch.bool, device=branch.xy.device)
    cells = Cells.of(targets)
    costs = AssignmentCosts([branch], cells, active, DISTANCE_WEIGHT)
    total, first = 0.0, 0
    for target, (rows, proposals) in zip(targets, found, strict=True):
        cost = costs.of(slice(first, first + len(target)))[0]
        total += float(cost[rows, proposals].double().sum())
        first += len(target)
    return total


def measured(case: Case, device: torch.device, repetitions: int, clock: Clock) -> Times:
    """Return what both forms take for a case by a clock in seconds.

    Raises:
        AssertionError: they do not cost the same.
    """
    branch, targets = made(case)
    branch = Branch(branch.xy.to(device), branch.logits.to(device))
    targets = [one.to(device) for one in targets]
    ours(branch, targets, case.claims)  # what is done once is no part of the time
    solving = from_lists(branch, targets, case.claims)
    seconds: dict[str, list[float]] = {"ours": [], "dense": [], "solving": []}
    totals: dict[str, float] = {}
    forms: dict[str, Callable[..., list[Pairs]]] = {"ours": ours, "dense": dense}
    for _ in range(repetitions):
        for name, form in forms.items():
            watch = Stopwatch(device, clock)
            found = form(branch, targets, case.claims)
            seconds[name].append(watch.lap())
            totals[name] = total_cost(branch, targets, found)
        watch = Stopwatch(device, clock)
        solving()
        seconds["solving"].append(watch.lap())
        if seconds["dense"][0] > _LONG:
            break
    # Costs of 32 bits are rounded in the 7th digit, by each form in its own way.
    if abs(totals["ours"] - totals["dense"]) > 1e-6 * case.targets * case.claims * case.tiles:
        raise AssertionError(f"{case} costs {totals}")
    return Times(**{name: statistics.median(each) for name, each in seconds.items()})


def table(cases: Sequence[Case], device: torch.device, repetitions: int, clock: Clock) -> str:
    """Return a Markdown table of the times of all cases."""
    head = ("cells", "tiles", "N", "β", "ours, ms", "of it solving", "dense, ms", "dense / ours")
    rows = [head, ("---", *["--:"] * (len(head) - 1))]
    for case in cases:
        times = str(measured(case, device, repetitions, clock))
        rows.append((case.scene, f"{case.tiles}", f"{case.targets:,}", f"{case.claims}", times))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.assignment",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lists = "separated by commas"
    parser.add_argument("--targets", type=counts, default=TARGETS, help=f"cells of a tile, {lists}")
    parser.add_argument("--claims", type=counts, default=CLAIMS, help=f"β, {lists}")
    parser.add_argument("--tiles", type=counts, default=(1, 16), help=f"tiles at once, {lists}")
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=SCENES, metavar="SCENE")
    parser.add_argument("--device", type=torch.device, default=torch.device("cpu"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="cpu: time of all cores, on a shared machine",
    )
    given = parser.parse_args(arguments)
    cases = [
        Case(scene, targets, claims, tiles)
        for scene in given.scenes
        for tiles in given.tiles
        for targets in given.targets
        for claims in given.claims
    ]
    sys.stdout.write(table(cases, given.device, given.repetitions, CLOCKS[given.clock]))


if __name__ == "__main__":
    main()
