"""How far a detector's errors move a Ki-67 index, and how far the correction moves it back.

``python -m training.benchmarks.ki67_correction`` prints a Markdown table for three detectors: one that does
well, one that takes positive cells for negative ones, and one that misses many negative cells, takes other
cells for tumour and finds cells where there are none. Each is measured on the labelled cells of twelve
patients, on each of whom it errs a little differently, and then reports a made slide (see ``ki67_simulated``)
of 2,000 tumour cells and 1,000 others.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from patherea_core.evaluation.intervals import Interval
from patherea_core.geometry import Floats, Ints
from patherea_core.index.correction import CorrectedIndex, corrected
from patherea_core.index.detector_errors import DetectorErrors
from patherea_core.index.ki67 import IndexOptions, index_of
from patherea_core.index.kinds import Kind, KindedCells
from patherea_core.index.samples import Sample
from patherea_core.seeding import Seed
from training.benchmarks.ki67_simulated import Tumour, field

SHARES = (0.02, 0.1, 0.3, 0.6)
ALIKE = 0.05
TUMOUR_CELLS, OTHER_CELLS, PATIENTS = 2000, 1000, 12
#: Labelled cells of each kind of one patient.
LABELLED = (100, 400, 250)
#: How much a detector's rates differ between patients: as if each rate were known from so many cells.
_STRENGTH = 100.0
_DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Detector:
    """What a detector does on average.

    Attributes:
        name: of the row.
        rates: three rows for the true kinds; the shares reported as positive, negative, not counted, missed.
        in_vain: detections of each kind without a cell, for each true cell.
    """

    name: str
    rates: tuple[tuple[float, float, float, float], ...]
    in_vain: tuple[float, float, float]

    def of_patient(self, random: np.random.Generator) -> "Detector":
        """Return what it does on one patient."""
        rates = tuple(
            tuple(random.dirichlet(_STRENGTH * np.array(row) + 1e-9).tolist()) for row in self.rates
        )
        scale = random.gamma(_STRENGTH, 1 / _STRENGTH)
        first, second, third = (scale * rate for rate in self.in_vain)
        return Detector(self.name, rates, (first, second, third))


DETECTORS = (
    Detector(
        "does well",
        ((0.92, 0.03, 0.01, 0.04), (0.01, 0.92, 0.02, 0.05), (0.01, 0.04, 0.85, 0.10)),
        (0.004, 0.02, 0.02),
    ),
    Detector(
        "positive taken for negative",
        ((0.72, 0.22, 0.01, 0.05), (0.005, 0.925, 0.02, 0.05), (0.01, 0.04, 0.85, 0.10)),
        (0.004, 0.02, 0.02),
    ),
    Detector(
        "misses negative, finds in vain",
        ((0.90, 0.02, 0.03, 0.05), (0.03, 0.67, 0.05, 0.25), (0.06, 0.12, 0.62, 0.20)),
        (0.03, 0.05, 0.05),
    ),
)


def errors_of(detector: Detector, random: np.random.Generator) -> DetectorErrors:
    """Return what is seen of a detector on the labelled cells of the patients."""
    groups = np.zeros((PATIENTS, 4, 4), dtype=np.int64)
    for group in groups:
        of_patient = detector.of_patient(random)
        for kind, cells in enumerate(LABELLED):
            group[kind] = random.multinomial(cells, of_patient.rates[kind])
        group[-1, :-1] = random.poisson(np.array(of_patient.in_vain) * sum(LABELLED))
    return DetectorErrors(groups)


def reported(
    xy: Floats, kind: Ints, detector: Detector, random: np.random.Generator
) -> KindedCells:
    """Return what a detector reports of (N, 2) cells of (N,) kinds."""
    found = np.full(len(kind), len(Kind))
    for true, rates in enumerate(detector.rates):
        rows = np.flatnonzero(kind == true)
        found[rows] = random.choice(len(Kind) + 1, len(rows), p=rates)
    seen = found < len(Kind)
    vain = np.repeat(np.arange(len(Kind)), random.poisson(np.array(detector.in_vain) * len(kind)))
    nowhere = random.uniform(xy.min(axis=0), xy.max(axis=0), (len(vain), 2))
    return KindedCells(np.concatenate([xy[seen], nowhere]), np.concatenate([found[seen], vain]))


def slide(share: float, random: np.random.Generator) -> tuple[Floats, Ints]:
    """Return (N, 2) cells of a made slide and their (N,) true kinds."""
    made = field(Tumour(share, ALIKE), TUMOUR_CELLS, random)
    others = random.uniform(0, made.xy.max(), (OTHER_CELLS, 2))
    kind = np.where(made.positive, int(Kind.POSITIVE), int(Kind.NEGATIVE))
    return (
        np.concatenate([made.xy, others]),
        np.concatenate([kind, np.full(OTHER_CELLS, int(Kind.NOT_COUNTED))]),
    )


def one(detector: Detector, share: float, number: int, *, another: bool) -> CorrectedIndex:
    """Return the corrected index of a made slide, on which it errs as on average or on another patient."""
    random = Seed(number).stream(f"ki67 correction {detector.name} {share}")
    errors = errors_of(detector, random)
    xy, kind = slide(share, random)
    on_slide = detector.of_patient(random) if another else detector
    cells = reported(xy, kind, on_slide, random)
    index = index_of("slide", [Sample.whole("slide", cells)], Seed(number), IndexOptions(draws=1))
    return corrected(index, errors, Seed(number), draws=_DRAWS)


def row_of(found: Sequence[CorrectedIndex], share: float) -> str:
    """Return bias and coverage of the raw and of the corrected index, and how many were refused."""
    raw = _bias_and_coverage([(each.raw.value, each.raw.interval) for each in found], share)
    done = [(each.value, each.interval) for each in found if each.value is not None]
    return f"{raw} | {_bias_and_coverage(done, share)} | {len(found) - len(done)}"


def _bias_and_coverage(found: Sequence[tuple[float | None, Interval | None]], share: float) -> str:
    bias = np.mean([value - share for value, _ in found if value is not None])
    held = np.mean([interval.holds(share) for _, interval in found if interval is not None])
    return f"{100 * bias:+.2f} ({100 * held:.0f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, row by row."""
    parser = argparse.ArgumentParser(
        prog="training.benchmarks.ki67_correction", description=__doc__
    )
    parser.add_argument("--repeats", type=int, default=500, help="slides of each row")
    repeats = parser.parse_args(arguments).repeats
    sys.stdout.write(
        "| detector | errs on the slide | index, % | raw: bias, points (held, %) | corrected | refused |\n"
        "| :-- | :-- | --: | --: | --: | --: |\n"
    )
    for detector in DETECTORS:
        for another in (False, True):
            for share in SHARES:
                found = [one(detector, share, number, another=another) for number in range(repeats)]
                where = "as on another patient" if another else "as on average"
                row = f"{detector.name} | {where} | {100 * share:g} | {row_of(found, share)}"
                sys.stdout.write(f"| {row} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
